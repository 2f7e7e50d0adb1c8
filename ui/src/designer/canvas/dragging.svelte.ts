import type { Node } from "@xyflow/svelte";
import type { Edit, Link, Position } from "../../platform";
import { settings } from "../../platform/settings.svelte";
import { pasteAt } from "../state/clipboard";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkId } from "../state/patch";
import { asOne, bodyUnder, dropEdits, seenFrom, type Dragged } from "./bodies";
import type { Drawing } from "./drawn";
import { areaOf, dropNotes, isFrame, joinOrLeave } from "./groups";
import { linkAt, spliced } from "./insertion";
import { mayLink } from "./linking";
import { snapped, type Box, type Guide } from "./snap";
import type { Gap } from "./spacing";

/** How near a component must come to be level with another, in pixels of the window. */
const REACH = 7;

interface View {
  x: number;
  y: number;
  zoom: number;
}

/** A drag of components, notes and groups: what is seen of it, and the one edit that it ends in. */
export class Dragging {
  /** The body that what is being dragged would go into. */
  body = $state<string>();
  /** The link that the dragged component would be put on. */
  link = $state.raw<Link>();
  guides = $state.raw<readonly Guide[]>([]);
  /** The gaps beside what is dragged that are equal. */
  gaps = $state.raw<readonly Gap[]>([]);
  /** What a copy is being dragged of: it stays where it is. */
  originals = $state.raw<readonly Box[]>([]);
  /** How far the components are dragged, by their ids; relative to the body that they are in. */
  moved = $state.raw<ReadonlyMap<string, Position>>(new Map());
  /** Whether Escape took the drag back. */
  cancelled = false;
  readonly linkId = $derived(this.link ? linkId(this.link) : undefined);

  /**
   * Goes on with a drag. Answers where everything that moves is to be drawn: what is level with others snaps, and what is in
   * a dragged group comes along.
   */
  to(flow: DrawnFlow, held: Node, dragged: readonly Node[], event: PointerLike, view: View): Map<string, Position> {
    const { drawing } = designer;
    const boxes = dragged.flatMap((node) => boxOf(flow, drawing, node));
    const own = new Set(dragged.map(({ id }) => id));
    const primary = boxes.find(({ id }) => id === held.id) ?? boxes[0];
    if (!primary) return new Map();
    const others = seen(drawing, view).filter(({ id }) => !isMoving(flow, drawing, id, own));
    const reach = settings.current.editor.snap ? REACH / view.zoom : 0;
    const { position, guides, gaps } = snapped(primary, reach > 0 ? others : [], reach);
    const [dx, dy] = [position.x - primary.x, position.y - primary.y];
    this.guides = guides;
    this.gaps = gaps;
    const places = new Map<string, Position>();
    for (const { id, position: at } of dragged) places.set(id, { x: at.x + dx, y: at.y + dy });
    for (const [id, at] of members(flow, drawing, places)) places.set(id, at);
    this.moved = new Map(
      [...places].flatMap(([id, at]) => {
        const before = drawing.get(id)?.at;
        return before ? [[id, { x: at.x - before.x, y: at.y - before.y }]] : [];
      }),
    );
    this.originals = event.altKey ? [...own].flatMap((id) => boxAt(drawing, id) ?? []) : [];
    const all = [...places].map(([id, at]): Dragged => ({ id, position: at }));
    const component = all.find(({ id }) => drawing.has(id));
    const body = component && bodyUnder(flow, drawing, component, all);
    this.body = component && body !== drawing.get(component.id)?.parent ? body : undefined;
    this.link = event.altKey || all.length !== 1 ? undefined : linkUnder(flow, drawing, component, event);
    return places;
  }

  /** Ends a drag. Answers whether anything was asked for. */
  async drop(flow: DrawnFlow, places: ReadonlyMap<string, Position>, copying: boolean): Promise<boolean> {
    const { drawing } = designer;
    const { link } = this;
    this.end();
    const dragged = [...places].map(([id, position]): Dragged => ({ id, position }));
    if (copying) return this.#copy(flow, drawing, dragged);
    const [one] = dragged;
    const edit = asOne([
      ...dropEdits(flow, drawing, dragged),
      ...dropNotes(flow, dragged),
      ...joinOrLeave(flow, drawing, dragged),
      ...(one && link ? spliceOnto(drawing, one.id, link) : []),
    ]);
    if (!edit) return false;
    await flow.edit(edit);
    return true;
  }

  begin(): void {
    this.cancelled = false;
  }

  cancel(): void {
    this.cancelled = true;
    this.end();
  }

  end(): void {
    this.body = undefined;
    this.link = undefined;
    this.guides = [];
    this.gaps = [];
    this.originals = [];
    this.moved = new Map();
  }

  async #copy(flow: DrawnFlow, drawing: Drawing, dragged: readonly Dragged[]): Promise<boolean> {
    const components = dragged.filter(({ id }) => drawing.has(id));
    const groups = dragged.filter(({ id }) => id in flow.document.groups).map(({ id }) => id);
    const [first] = components;
    const parent = first && bodyUnder(flow, drawing, first, components);
    const places = [
      ...components.map(({ id, position }) => {
        return seenFrom(drawing, { parent: drawing.get(id)?.parent, position }, parent).position;
      }),
      ...dragged.filter(({ id }) => !!flow.document.groups[id]?.area).map(({ position }) => position),
    ];
    const corner = { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
    return pasteAt(flow, { components: components.map(({ id }) => id), groups }, { parent, position: corner });
  }
}

/** What of an event says how a drag goes on. */
export type PointerLike = Pick<MouseEvent, "altKey" | "clientX" | "clientY">;

/** The components of dragged groups that are not dragged themselves, where they come to. */
function members(flow: DrawnFlow, drawing: Drawing, places: ReadonlyMap<string, Position>): [string, Position][] {
  return [...places].flatMap(([id, at]) => {
    const group = flow.document.groups[id];
    const area = group && isFrame(group) ? areaOf(group, drawing) : undefined;
    if (!group || !area) return [];
    const its = new Set(group.members);
    return group.members.flatMap((member): [string, Position][] => {
      const drawn = drawing.get(member);
      if (!drawn || places.has(member) || isInside(drawing, drawn.parent, its)) return [];
      return [[member, { x: drawn.at.x + at.x - area.x, y: drawn.at.y + at.y - area.y }]];
    });
  });
}

/** The link under a dragged component that has none of its own and could be put there. */
function linkUnder(
  flow: DrawnFlow,
  drawing: Drawing,
  dragged: Dragged | undefined,
  { clientX, clientY }: PointerLike,
): Link | undefined {
  if (!dragged || flow.outgoing(dragged.id).length + flow.incoming(dragged.id).length > 0) return undefined;
  const link = linkAt(flow, clientX, clientY);
  return link && spliceOnto(drawing, dragged.id, link).length > 0 && fits(flow, drawing, dragged.id, link)
    ? link
    : undefined;
}

function fits(flow: DrawnFlow, drawing: Drawing, id: string, link: Link): boolean {
  const [, into] = spliceOnto(drawing, id, link);
  const from = drawing.get(link.from.component)?.parent;
  const same = from === drawing.get(id)?.parent && from === drawing.get(link.to.component)?.parent;
  return same && into?.edit === "connect" && mayLink(flow, drawing, into.link);
}

function spliceOnto(drawing: Drawing, id: string, link: Link): Edit[] {
  const ports = drawing.get(id)?.shape.ports.filter(({ inner, missing }) => !inner && !missing) ?? [];
  const inlet = ports.find(({ way }) => way === "in");
  const outlet = ports.find(({ way, role }) => way === "out" && role === "ordinary");
  return inlet && outlet ? spliced(link, id, inlet.name, outlet.name) : [];
}

type Named = Box & { id: string };

/** A dragged node as it is drawn on the whole canvas. */
function boxOf(flow: DrawnFlow, drawing: Drawing, { id, position }: Node): Named[] {
  const drawn = drawing.get(id);
  if (drawn) {
    const around = drawing.get(drawn.parent ?? "")?.place ?? { x: 0, y: 0 };
    const { width, height } = drawn.shape;
    return [{ id, x: around.x + position.x, y: around.y + position.y, width, height }];
  }
  const group = flow.document.groups[id];
  const area = group && areaOf(group, drawing);
  return area ? [{ ...area, id, x: position.x, y: position.y }] : [];
}

function boxAt(drawing: Drawing, id: string): Box | undefined {
  const drawn = drawing.get(id);
  return drawn && { ...drawn.place, width: drawn.shape.width, height: drawn.shape.height };
}

/** The components that are in sight. */
function seen(drawing: Drawing, { x, y, zoom }: View): Named[] {
  const window = { left: -x / zoom, top: -y / zoom, right: (innerWidth - x) / zoom, bottom: (innerHeight - y) / zoom };
  return [...drawing.values()].flatMap(({ id, place, shape: { width, height } }) => {
    const across = place.x < window.right && place.x + width > window.left;
    return across && place.y < window.bottom && place.y + height > window.top ? [{ id, ...place, width, height }] : [];
  });
}

/** Whether a component moves with what is dragged, or is around it. */
function isMoving(flow: DrawnFlow, drawing: Drawing, id: string, dragged: ReadonlySet<string>): boolean {
  if (isInside(drawing, id, dragged)) return true;
  for (const one of dragged) {
    if (flow.document.groups[one]?.members.includes(id)) return true;
    for (let up = drawing.get(one)?.parent; up !== undefined; up = drawing.get(up)?.parent) if (up === id) return true;
  }
  return false;
}

function isInside(drawing: Drawing, id: string | undefined, others: ReadonlySet<string>): boolean {
  for (let up = id; up !== undefined; up = drawing.get(up)?.parent) if (others.has(up)) return true;
  return false;
}
