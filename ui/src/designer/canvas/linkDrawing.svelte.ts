import type { Connection, Edge, OnConnectEnd } from "@xyflow/svelte";
import type { ComponentDescription, Link, Position } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow, Spot } from "../state/flow.svelte";
import type { Drawing } from "./drawn";
import { CARD_HEIGHT } from "./geometry";
import { insertLinked, placeBetween } from "./insertion";
import { bodyOfLink, fitting, linkFrom, linkOnto, purposeAt, reconnect, whyNot, type LinkEnd } from "./linking";

/** A list of what fits somewhere, that is open on the canvas. */
export interface Picking {
  /** Where, in the window. */
  x: number;
  y: number;
  title: string;
  entries: ComponentDescription[];
  pick: (kind: string) => void;
}

/** Links while they are drawn: from a port to another, to a component, into the void; or one end of a link elsewhere. */
export class LinkDrawing {
  picking = $state.raw<Picking | null>(null);
  /** The end that stays, while a link is drawn. */
  end = $state.raw<LinkEnd | null>(null);
  /** The link whose other end is being dragged elsewhere. */
  before = $state.raw<Link | null>(null);

  begin(flow: DrawnFlow, end: LinkEnd): void {
    this.picking = null;
    this.end = end;
    const { component, way } = end;
    flow.say(`A link ${way === "out" ? "from" : "to"} ${flow.component(component)?.name ?? component}`);
  }

  mayBe(flow: DrawnFlow, link: Link): boolean {
    return whyNot(flow, designer.drawing, link, this.before ?? undefined) === undefined;
  }

  /** Why what the link is held over is refused; undefined where it is not. */
  refused(flow: DrawnFlow, over: LinkEnd | undefined, at: Position | undefined): string | undefined {
    const { end } = this;
    if (!end) return undefined;
    if (over) {
      if (over.way === end.way) return `A link leads from an outlet to an inlet.`;
      return whyNot(flow, designer.drawing, linkFrom(end, over), this.before ?? undefined);
    }
    const component = at && componentAt(designer.drawing, at);
    if (component === undefined || component === end.component) return undefined;
    const link = linkOnto(flow, designer.drawing, end, component);
    return typeof link === "string" ? link : undefined;
  }

  /** The link is let go: at a port, on a component, or in the void. */
  drop(flow: DrawnFlow, state: Parameters<OnConnectEnd>[1], at: Position, window: Position, spot: Spot): void {
    const { end, before } = this;
    this.end = null;
    this.before = null;
    if (!end || state.isValid) return;
    const over = state.toHandle ? endOf(state.toHandle) : undefined;
    if (over && over.component === end.component && over.port === end.port) return;
    const component = over ? undefined : componentAt(designer.drawing, at);
    if (over || (component !== undefined && component !== end.component)) {
      const refused = over ? this.#why(flow, end, over, before) : undefined;
      const link = refused ?? (component === undefined ? undefined : linkOnto(flow, designer.drawing, end, component));
      if (typeof link === "string") this.#refuse(flow, link);
      else if (link) this.make(flow, link, before);
      return;
    }
    // In the void: a new component goes there. An end of a link stays where it was.
    if (component === undefined && !before) this.offer(flow, end, window, spot);
  }

  /** Takes a link that is being drawn back: nothing comes of it, wherever it is let go. */
  cancel(): void {
    this.end = null;
    this.before = null;
  }

  /** Draws a link, in the place of `before` if that is given. */
  make(flow: DrawnFlow, link: Link, before?: Link | null): void {
    const edit = before ? reconnect(before, link) : ({ edit: "connect", link } as const);
    if (edit) void flow.edit(edit);
  }

  /** Offers what fits at an end of a link, to be put somewhere. */
  offer(flow: DrawnFlow, end: LinkEnd, { x, y }: Position, spot: Spot): void {
    const port = { component: end.component, port: end.port };
    const neighbours = end.way === "out" ? { before: port } : { after: port };
    const entries = fitting(designer.palette, designer.ports, { ...neighbours, body: spot.parent !== undefined });
    const name = flow.component(end.component)?.name ?? end.component;
    const title = purposeAt(end, name);
    this.picking = { x, y, title, entries, pick: (kind) => void insertLinked(flow, kind, spot, neighbours) };
  }

  /** Offers what fits on a link. */
  offerOn(flow: DrawnFlow, link: Link, { x, y }: Position): void {
    const body = bodyOfLink(flow, link) !== undefined;
    const entries = fitting(designer.palette, designer.ports, { before: link.from, after: link.to, body });
    const names = [link.from, link.to].map(({ component }) => flow.component(component)?.name ?? component);
    const title = `Between ${names.join(" and ")}`;
    this.picking = { x, y, title, entries, pick: (kind) => void placeBetween(flow, kind, undefined, link) };
  }

  #why(flow: DrawnFlow, end: LinkEnd, over: LinkEnd, before: Link | null): string | undefined {
    if (over.way === end.way) return "A link leads from an outlet to an inlet.";
    return whyNot(flow, designer.drawing, linkFrom(end, over), before ?? undefined);
  }

  #refuse(flow: DrawnFlow, reason: string): void {
    toasts.error("These cannot be linked", reason);
    flow.say(`Not linked: ${reason}`);
  }
}

/** The link that a connection of the canvas library stands for. */
export function linkOf(connection: Connection | Edge): Link {
  return {
    from: { component: connection.source, port: connection.sourceHandle ?? "out" },
    to: { component: connection.target, port: connection.targetHandle ?? "in" },
  };
}

/** A port of the canvas library as an end of a link. */
export function endOf(handle: { nodeId: string; id?: string | null; type: "source" | "target" | null }): LinkEnd {
  const way = handle.type === "target" ? "in" : "out";
  return { component: handle.nodeId, port: handle.id ?? way, way };
}

/** The component that is drawn at a place of the canvas; of one with a body, its head. */
function componentAt(drawing: Drawing, { x, y }: Position): string | undefined {
  let found: string | undefined;
  for (const { id, place, shape } of drawing.values()) {
    const height = shape.kind === "frame" ? CARD_HEIGHT : shape.height;
    if (x >= place.x && x <= place.x + shape.width && y >= place.y && y <= place.y + height) found = id;
  }
  return found;
}
