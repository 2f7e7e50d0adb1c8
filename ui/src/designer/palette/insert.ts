import { placeAfter, shapeOf, ERROR_OUTLET, onGrid } from "../canvas/geometry";
import { designer } from "../state/designer.svelte";

/**
 * Adds a component without a pointer: behind the chosen component, linked where it can be, or in the middle of what
 * is seen.
 */
export async function insertChosen(kind: string, after?: string): Promise<void> {
  const flow = designer.active;
  if (!flow) return;
  const component = after ?? (flow.selected.size === 1 ? [...flow.selected][0] : undefined);
  const at = component ? flow.document.layout[component] : undefined;
  if (!component || !at) {
    await designer.insert(kind, onGrid(flow.canvas?.middle() ?? { x: 0, y: 0 }));
    return;
  }
  const shape = shapeOf(designer.descriptions.get(flow.component(component)?.type ?? ""), flow.views[component]);
  const position = placeAfter(at, shape, Object.values(flow.document.layout));
  if (designer.descriptions.get(kind)?.saves) position.x += 56;
  const linked = new Set(flow.outgoing(component).map(({ from }) => from.port));
  const outlets = shape.ports.filter(({ way, name }) => way === "out" && name !== ERROR_OUTLET);
  const outlet = outlets.find(({ name }) => !linked.has(name)) ?? outlets[0];
  const id = await designer.insert(kind, position, outlet && { component, port: outlet.name });
  if (id) flow.canvas?.reveal(id);
}
