import type { Edge, Node } from "@xyflow/svelte";
import { Position } from "@xyflow/svelte";
import type { ComponentDescription, Link } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkId } from "../state/patch";
import { shapeOf, type DrawnPort } from "./geometry";

const sides = { left: Position.Left, right: Position.Right, bottom: Position.Bottom };
const HANDLE = 10;

/**
 * The components of a flow as the canvas library wants them. One whose drawing is unchanged keeps its identity, so
 * that the library leaves it alone.
 */
export function drawnComponents(
  flow: DrawnFlow,
  descriptions: ReadonlyMap<string, ComponentDescription>,
  before: readonly Node[],
): Node[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return Object.entries(flow.document.components).map(([id, component], index) => {
    const shape = shapeOf(descriptions.get(component.type), flow.views[id], flow.linkedPorts.get(id));
    // A file made elsewhere may lack positions: such components stand in a row.
    const position = flow.document.layout[id] ?? { x: index * 272, y: 0 };
    const selected = flow.selected.has(id);
    const ports = shape.ports.map(handleOf);
    const old = known.get(id);
    const same =
      old &&
      old.selected === selected &&
      old.position.x === position.x &&
      old.position.y === position.y &&
      old.width === shape.width &&
      old.height === shape.height &&
      JSON.stringify(old.handles) === JSON.stringify(ports);
    if (same) return old;
    const { width, height } = shape;
    // Its measures are known: what was never in sight counts too when all is to be fitted into the window.
    const measured = { width, height };
    return { ...old, id, type: "component", data: {}, position, width, height, measured, handles: ports, selected };
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

/** Whether a link may be drawn: a preview of the document's own rule, which has the last word. */
export function mayLink(flow: DrawnFlow, link: Link): boolean {
  if (link.from.component === link.to.component || flow.linksById.has(linkId(link))) return false;
  const seen = new Set<string>();
  const ahead = [link.to.component];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    if (id === link.from.component) return false;
    if (seen.has(id)) continue;
    seen.add(id);
    ahead.push(...flow.outgoing(id).map(({ to }) => to.component));
  }
  return true;
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
