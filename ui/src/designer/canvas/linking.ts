import type { ComponentDescription, Edit, Link, PortDescription, Ports } from "../../platform";
import { linkPlace } from "../../shared/links";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkId } from "../state/patch";
import type { Drawing } from "./drawn";
import { roleOf, type DrawnPort } from "./geometry";

/** One end of a link that is being drawn: a port of a component, and which way links go there. */
export interface LinkEnd {
  component: string;
  port: string;
  way: "in" | "out";
}

/** What a component that is put at an end of a link is there for, in words; `name` is that of the component at the end. */
export function purposeAt({ port, way }: LinkEnd, name: string): string {
  if (way === "in") return `What leads to ${name}`;
  const purposes = {
    ordinary: `What follows ${name}`,
    error: `What handles an error of ${name}`,
    always: `What follows ${name} in any case`,
  };
  return purposes[roleOf(port)];
}

/**
 * Why a link may not be drawn, in words; undefined of one that may. A preview of the document's own rules, which have the
 * last word. `instead` is the link that it shall replace.
 */
export function whyNot(flow: DrawnFlow, drawing: Drawing, link: Link, instead?: Link): string | undefined {
  const [from, to] = [drawing.get(link.from.component), drawing.get(link.to.component)];
  if (!from || !to) return "One of the components is not there any more.";
  const [source, target] = [nameOf(flow, from.id), nameOf(flow, to.id)];
  if (from === to) return `${source} cannot be linked to itself. A ForEach repeats.`;
  const id = linkId(link);
  if (flow.linksById.has(id) && !(instead && linkId(instead) === id)) return "This link is there already.";
  const outlet = portOf(from.shape.ports, "out", link.from.port);
  const inlet = portOf(to.shape.ports, "in", link.to.port);
  if (!outlet || outlet.missing) return `${source} has no outlet “${link.from.port}”.`;
  if (!inlet || inlet.missing) return `${target} has no inlet “${link.to.port}”.`;
  // A body is entered and left only through its own ports; all else stays on its side of the border.
  const across = `${source} and ${target} are not in the same body: streams go into a body and out of it through its own ports.`;
  if (outlet.inner) return to.parent === from.id && !inlet.inner ? undefined : across;
  if (inlet.inner) return from.parent === to.id ? undefined : across;
  if (from.parent !== to.parent) return across;
  if (leadsTo(flow, to.id, from.id, instead))
    return `${source} already gets its streams from ${target}: this would close a circle.`;
  return undefined;
}

/** Whether a link may be drawn. */
export function mayLink(flow: DrawnFlow, drawing: Drawing, link: Link, instead?: Link): boolean {
  return whyNot(flow, drawing, link, instead) === undefined;
}

/** The link between an end and a port of another component. */
export function linkFrom({ component, port, way }: LinkEnd, other: { component: string; port: string }): Link {
  return way === "out" ? { from: { component, port }, to: other } : { from: other, to: { component, port } };
}

/** The first link that may be drawn from an end to a component, or why there is none. */
export function linkOnto(flow: DrawnFlow, drawing: Drawing, end: LinkEnd, component: string): Link | string {
  const way = end.way === "out" ? "in" : "out";
  const ports = drawing.get(component)?.shape.ports.filter((port) => port.way === way && !port.missing) ?? [];
  const ordered = [...ports.filter(({ linked }) => !linked), ...ports.filter(({ linked }) => linked)];
  let reason = `${nameOf(flow, component)} has no ${way === "in" ? "inlet" : "outlet"}.`;
  for (const port of ordered.filter(({ role }) => role === "ordinary")) {
    const link = linkFrom(end, { component, port: port.name });
    const refused = whyNot(flow, drawing, link);
    if (refused === undefined) return link;
    reason = refused;
  }
  return reason;
}

/** The edit that draws a link in the place of another. */
export function reconnect(before: Link, after: Link): Edit | undefined {
  if (linkId(before) === linkId(after)) return undefined;
  return {
    edit: "batch",
    edits: [
      { edit: "disconnect", link: before },
      { edit: "connect", link: after },
    ],
  };
}

/** What a new component is to fit to: an end of a link, or both ends of one that it is put on. */
export interface Gap {
  /** It needs an inlet. */
  before?: unknown;
  /** It needs an outlet. */
  after?: unknown;
  /** It would be in a body. */
  body: boolean;
}

/** The component types of which a new one fits into a gap, in the order of the palette. */
export function fitting(
  palette: readonly ComponentDescription[],
  ports: Readonly<Record<string, Ports>>,
  { before, after, body }: Gap,
): ComponentDescription[] {
  return palette.filter(({ kind }) => {
    const its = ports[kind];
    if (!its || (kind === "Start" && body)) return false;
    return (before === undefined || its.inlets.length > 0) && (after === undefined || firstOutlet(its) !== undefined);
  });
}

/** The outlet that a component goes on from if nothing else is said. */
export function firstOutlet({ outlets }: Ports): PortDescription | undefined {
  return outlets.find(({ name }) => roleOf(name) === "ordinary");
}

/** The body that a link is in; undefined of one on the top level. */
export function bodyOfLink(flow: DrawnFlow, link: Link): string | undefined {
  const place = linkPlace(flow.document, link);
  if (place === "enters") return link.from.component;
  return place === "leaves" ? link.to.component : flow.component(link.from.component)?.parent;
}

/** Whether links on one side of a border lead from one component to another. */
function leadsTo(flow: DrawnFlow, from: string, to: string, without: Link | undefined): boolean {
  const seen = new Set<string>();
  const ahead = [from];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const link of flow.outgoing(id)) {
      const counts = !without || linkId(link) !== linkId(without);
      if (counts && linkPlace(flow.document, link) === "within") ahead.push(link.to.component);
    }
  }
  return false;
}

function portOf(ports: readonly DrawnPort[], way: "in" | "out", name: string): DrawnPort | undefined {
  return ports.find((port) => port.way === way && port.name === name);
}
function nameOf(flow: DrawnFlow, id: string): string {
  return flow.component(id)?.name ?? id;
}
