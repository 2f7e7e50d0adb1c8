import type { Flow, Position } from "../generated/types";

/** A component where it is drawn. */
export interface Placed<Shape> {
  id: string;
  /** The component in whose body it is drawn. */
  parent: string | undefined;
  /** Its place relative to `parent`. */
  at: Position;
  /** Its place on the whole canvas. */
  place: Position;
  shape: Shape;
}

interface Sized {
  width: number;
  height: number;
}

/** Says which components have a body, and how a component is shaped around what is in it. */
export interface Shapes<Shape extends Sized> {
  hasBody: (id: string) => boolean;
  shape: (id: string, body: { right: number; bottom: number } | undefined) => Shape;
  /** Moves those that stand side by side in one body, or outside of all, where they are not drawn as laid out. */
  arrange?: (
    side: readonly { id: string; at: Position; shape: Shape }[],
    inBody: boolean,
  ) => { id: string; at: Position }[];
}

/** Where everything of a flow is drawn, those with a body before what is in it. */
export function placeAll<Shape extends Sized>(flow: Flow, shapes: Shapes<Shape>): Map<string, Placed<Shape>> {
  const parents = new Map(Object.keys(flow.components).map((id) => [id, bodyAround(flow, id, shapes.hasBody)]));
  const children = Map.groupBy(parents.keys(), (id) => parents.get(id));
  const order = Object.keys(flow.components);

  const measure = (parent: string | undefined): Omit<Placed<Shape>, "place">[] => {
    const side = (children.get(parent) ?? []).map((id) => {
      const inside = measure(id);
      const here = inside.filter((child) => child.parent === id);
      const reach = here.length > 0 ? reachOf(here) : undefined;
      // A file made elsewhere may lack positions: such components stand in a row.
      const at = flow.layout[id] ?? { x: order.indexOf(id) * 272, y: 0 };
      return { placed: { id, parent, at, shape: shapes.shape(id, reach) }, inside };
    });
    const arranged = shapes.arrange?.(
      side.map(({ placed }) => placed),
      parent !== undefined,
    );
    const moved = new Map(arranged?.map(({ id, at }) => [id, at]));
    return side.flatMap(({ placed, inside }) => [{ ...placed, at: moved.get(placed.id) ?? placed.at }, ...inside]);
  };

  const all = new Map<string, Placed<Shape>>();
  for (const one of measure(undefined)) {
    const around = one.parent === undefined ? undefined : all.get(one.parent)?.place;
    all.set(one.id, { ...one, place: { x: one.at.x + (around?.x ?? 0), y: one.at.y + (around?.y ?? 0) } });
  }
  return all;
}

/** The component in whose body another is drawn. Broken files may name one that has none, or form a circle. */
function bodyAround(flow: Flow, id: string, hasBody: (id: string) => boolean): string | undefined {
  const parent = flow.components[id]?.parent;
  if (parent === undefined || !(parent in flow.components) || !hasBody(parent)) return undefined;
  const seen = new Set([id]);
  for (let up: string | undefined = parent; up !== undefined; up = flow.components[up]?.parent) {
    if (seen.has(up)) return undefined;
    seen.add(up);
  }
  return parent;
}

/** How far components reach to the right and down. */
export function reachOf(all: readonly { at: Position; shape: Sized }[]): { right: number; bottom: number } {
  return {
    right: Math.max(...all.map(({ at, shape }) => at.x + shape.width)),
    bottom: Math.max(...all.map(({ at, shape }) => at.y + shape.height)),
  };
}
