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
  const order = Object.keys(flow.components);
  const children = new Map<string | undefined, string[]>();
  for (const id of order) {
    const parent = bodyAround(flow, id, shapes.hasBody);
    const side = children.get(parent);
    if (side) side.push(id);
    else children.set(parent, [id]);
  }

  /** What stands in one body, or outside of all, and below each of them what is in it. */
  const measure = (parent: string | undefined): Measured<Shape>[] => {
    const side = (children.get(parent) ?? []).map((id): Measured<Shape> => {
      const inside = children.has(id) ? measure(id) : [];
      // A file made elsewhere may lack positions: such components stand in a row.
      const at = flow.layout[id] ?? { x: order.indexOf(id) * 272, y: 0 };
      return { id, at, shape: shapes.shape(id, inside.length > 0 ? reachOf(inside) : undefined), inside };
    });
    const arranged = shapes.arrange?.(side, parent !== undefined);
    if (!arranged) return side;
    const moved = new Map(arranged.map(({ id, at }) => [id, at]));
    return side.map((one) => ({ ...one, at: moved.get(one.id) ?? one.at }));
  };

  const all = new Map<string, Placed<Shape>>();
  const put = (side: readonly Measured<Shape>[], parent: string | undefined, around: Position): void => {
    for (const { id, at, shape, inside } of side) {
      const place = { x: at.x + around.x, y: at.y + around.y };
      all.set(id, { id, parent, at, shape, place });
      put(inside, id, place);
    }
  };
  put(measure(undefined), undefined, { x: 0, y: 0 });
  return all;
}

/** A component with its place in its body, and what is in its own. */
interface Measured<Shape> {
  id: string;
  at: Position;
  shape: Shape;
  inside: Measured<Shape>[];
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
