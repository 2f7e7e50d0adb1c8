import type { Component, Edit, Position } from "../../platform";
import type { DrawnFlow, Spot } from "../state/flow.svelte";
import type { Drawing } from "./drawn";
import { BODY_START, CARD_HEIGHT, onGrid } from "./geometry";

/** How near to a frame's left side and its head the components in it may be moved. */
const LEAST: Readonly<Position> = { x: 24, y: CARD_HEIGHT + 16 };

/** How much lower than what stands above it a component is put. */
const ROW_GAP = 40;

/** The edit that puts a new component at a spot. */
export function addTo({ parent, position }: Spot, id: string, component: Component): Edit {
  const made = parent === undefined ? component : { ...component, parent };
  return { edit: "addComponent", id, component: made, position };
}

/** The spot at a place of the canvas: in the innermost frame that is drawn there. */
export function spotAt(drawing: Drawing, place: Position, corner: Position): Spot {
  return seenFrom(drawing, { position: corner }, frameAt(drawing, place));
}

/** The same spot of the canvas, as seen from another body. */
export function seenFrom(drawing: Drawing, { parent: from, position }: Spot, parent: string | undefined): Spot {
  const old = placeOf(drawing, from);
  const now = placeOf(drawing, parent);
  const moved = onGrid({ x: position.x + old.x - now.x, y: position.y + old.y - now.y });
  return parent === undefined ? { position: moved } : { parent, position: inside(moved) };
}

/** The innermost frame that is drawn at a place of the canvas, leaving out `without` and what is in them. */
export function frameAt(
  drawing: Drawing,
  { x, y }: Position,
  without: ReadonlySet<string> = new Set(),
): string | undefined {
  let found: string | undefined;
  for (const { id, place, shape } of drawing.values()) {
    if (shape.kind !== "frame" || isWithin(drawing, id, without)) continue;
    const over = x >= place.x && x <= place.x + shape.width && y >= place.y && y <= place.y + shape.height;
    // Frames come before those in them, so the last one is the innermost.
    if (over) found = id;
  }
  return found;
}

/** Whether a component is one of `others` or lies in the body of one of them. */
export function isWithin(drawing: Drawing, id: string, others: ReadonlySet<string>): boolean {
  for (let up: string | undefined = id; up !== undefined; up = drawing.get(up)?.parent) if (others.has(up)) return true;
  return false;
}

/** Something that was dragged: its id, and where it is now, relative to the body that it is in. */
export interface Dragged {
  id: string;
  position: Position;
}

/** The body that a dragged component would belong to: that of the innermost frame over which its middle is. */
export function bodyUnder(
  flow: DrawnFlow,
  drawing: Drawing,
  one: Dragged,
  all: readonly Dragged[],
): string | undefined {
  const drawn = drawing.get(one.id);
  if (!drawn || flow.component(one.id)?.type === "Start") return undefined;
  const around = placeOf(drawing, drawn.parent);
  const { width, height } = drawn.shape;
  const middle = {
    x: around.x + one.position.x + width / 2,
    y: around.y + one.position.y + Math.min(height, CARD_HEIGHT) / 2,
  };
  return frameAt(drawing, middle, new Set(all.map(({ id }) => id)));
}

/** The edits that move dragged components to where they were dropped, also into and out of bodies. */
export function dropEdits(flow: DrawnFlow, drawing: Drawing, dragged: readonly Dragged[]): Edit[] {
  const moves: Edit[] = [];
  const migrations = new Map<string | undefined, Record<string, Position>>();
  for (const one of dragged) {
    const drawn = drawing.get(one.id);
    if (!drawn) continue;
    const parent = bodyUnder(flow, drawing, one, dragged);
    const { position } = seenFrom(drawing, { parent: drawn.parent, position: one.position }, parent);
    if (parent !== drawn.parent) migrations.set(parent, { ...migrations.get(parent), [one.id]: position });
    else if (position.x !== drawn.at.x || position.y !== drawn.at.y) moves.push({ edit: "move", id: one.id, position });
  }
  return [...moves, ...[...migrations].map(([parent, positions]) => setParent(parent, positions))];
}

/**
 * The edit that puts components into a body (none is the top level) without a pointer: below what stands there, or
 * below the frame that they come out of, and as they stand to each other.
 */
export function moveInto(drawing: Drawing, ids: Iterable<string>, parent: string | undefined): Edit | undefined {
  const moved = [...ids].flatMap((id) => drawing.get(id) ?? []).filter((one) => one.parent !== parent);
  if (moved.length === 0) return undefined;
  const corner = cornerOf(moved.map(({ place }) => place));
  const beside = [...drawing.values()].filter((one) => one.parent === parent && !moved.includes(one));
  const bottom = Math.max(BODY_START.y - ROW_GAP, ...beside.map(({ at, shape }) => at.y + shape.height));
  const start = { x: parent === undefined ? corner.x : BODY_START.x, y: bottom + ROW_GAP };
  const positions = moved.map(({ id, place }): [string, Position] => {
    return [id, onGrid({ x: start.x + place.x - corner.x, y: start.y + place.y - corner.y })];
  });
  return setParent(parent, Object.fromEntries(positions));
}

/** One edit of several; undefined of none. */
export function asOne(edits: readonly Edit[]): Edit | undefined {
  return edits.length > 1 ? { edit: "batch", edits: [...edits] } : edits[0];
}

function cornerOf(places: readonly Position[]): Position {
  return { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
}
function setParent(parent: string | undefined, positions: Record<string, Position>): Edit {
  return { edit: "setParent", ...(parent === undefined ? {} : { parent }), positions };
}
function placeOf(drawing: Drawing, id: string | undefined): Position {
  return (id === undefined ? undefined : drawing.get(id)?.place) ?? { x: 0, y: 0 };
}
/** A position in a body, not nearer to the frame's border than it may be. */
export function inside({ x, y }: Position): Position {
  return { x: Math.max(LEAST.x, x), y: Math.max(LEAST.y, y) };
}
