import type { Edge, Node } from "@xyflow/svelte";
import { Position } from "@xyflow/svelte";
import type { ComponentDescription, Link } from "../../platform";
import { placeAll, type Placed } from "../../shared/bodies";
import { linkPlace } from "../../shared/links";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkId } from "../state/patch";
import { hasBody, shapeOf, type DrawnPort, type Shape } from "./geometry";

const sides = { left: Position.Left, right: Position.Right, bottom: Position.Bottom };
const HANDLE = 10;

/** Where every component of a flow is drawn. */
export type Drawing = ReadonlyMap<string, Placed<Shape>>;

/** Draws a flow: the shape and the place of every component, frames before what is in them. */
export function drawingOf(flow: DrawnFlow, descriptions: ReadonlyMap<string, ComponentDescription>): Drawing {
  const { components } = flow.document;
  const parents = new Set(Object.values(components).map(({ parent }) => parent));
  const known = (id: string): ComponentDescription | undefined => descriptions.get(components[id]?.type ?? "");
  return placeAll(flow.document, {
    hasBody: (id) => hasBody(flow.views[id]) || (!known(id) && parents.has(id)),
    shape: (id, body) => shapeOf(known(id), flow.views[id], flow.linkedPorts.get(id), body),
  });
}

/**
 * The components of a flow as the canvas library wants them. One whose drawing is unchanged keeps its identity, so
 * that the library leaves it alone.
 */
export function drawnComponents(flow: DrawnFlow, drawing: Drawing, before: readonly Node[]): Node[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return [...drawing.values()].map(({ id, parent, at: position, shape }) => {
    const selected = flow.selected.has(id);
    const old = known.get(id);
    const same =
      old &&
      old.selected === selected &&
      old.parentId === parent &&
      old.position.x === position.x &&
      old.position.y === position.y &&
      (old.data["shape"] === shape || JSON.stringify(old.data["shape"]) === JSON.stringify(shape));
    if (same) return old;
    const { width, height } = shape;
    // Its measures are known: what was never in sight counts too when all is to be fitted into the window.
    const measured = { width, height };
    const handles = shape.ports.map(handleOf);
    const made: Node = { ...old, id, type: "component", data: { shape }, position, width, height, measured, handles };
    if (parent === undefined) delete made.parentId;
    else made.parentId = parent;
    return { ...made, selected };
  });
}

/** The links of a flow as the canvas library wants them. */
export function drawnLinks(flow: DrawnFlow, before: readonly Edge[]): Edge[] {
  const known = new Map(before.map((edge) => [edge.id, edge]));
  return flow.document.links.map((link) => {
    const id = linkId(link);
    const selected = flow.selectedLink === id;
    const old = known.get(id);
    if (old && old.selected === selected) return old;
    return {
      id,
      type: "stream",
      source: link.from.component,
      sourceHandle: link.from.port,
      target: link.to.component,
      targetHandle: link.to.port,
      selected,
    };
  });
}

/** Whether a link may be drawn: a preview of the document's own rules, which have the last word. */
export function mayLink(flow: DrawnFlow, drawing: Drawing, link: Link): boolean {
  const [from, to] = [drawing.get(link.from.component), drawing.get(link.to.component)];
  if (!from || !to || from === to || flow.linksById.has(linkId(link))) return false;
  const outlet = from.shape.ports.find(({ way, name }) => way === "out" && name === link.from.port);
  const inlet = to.shape.ports.find(({ way, name }) => way === "in" && name === link.to.port);
  if (!outlet || !inlet) return false;
  // A body is entered and left only through its own ports; all else stays on its side of the border.
  if (outlet.inner) return to.parent === from.id && !inlet.inner;
  if (inlet.inner) return from.parent === to.id;
  return from.parent === to.parent && !leadsTo(flow, link.to.component, link.from.component);
}

/** Whether links on one side of a border lead from one component to another. */
function leadsTo(flow: DrawnFlow, from: string, to: string): boolean {
  const seen = new Set<string>();
  const ahead = [from];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const link of flow.outgoing(id))
      if (linkPlace(flow.document, link) === "within") ahead.push(link.to.component);
  }
  return false;
}

function handleOf({ name, way, side, x, y }: DrawnPort): NonNullable<Node["handles"]>[number] {
  return {
    id: name,
    type: way === "in" ? "target" : "source",
    position: sides[side],
    x: x - HANDLE / 2,
    y: y - HANDLE / 2,
    width: HANDLE,
    height: HANDLE,
  };
}
