import type { Position } from "../../platform";
import { GRID, onGrid } from "./geometry";
import { equalGaps, evenly, type Gap } from "./spacing";

/** Something with a place and a size on the canvas. */
export interface Box extends Position {
  width: number;
  height: number;
}

/** A line that shows what a dragged box is level with, from one end to the other. */
export interface Guide {
  way: "vertical" | "horizontal";
  /** Where it is: x of a vertical one, y of a horizontal one. */
  at: number;
  from: number;
  to: number;
}

/** The sides and the middle of a box, along one axis. */
const lines = (start: number, size: number): number[] => [start, start + size / 2, start + size];

/**
 * Where a dragged box goes: level with others or as far from them as they are from each other, where it comes near enough
 * (`reach`, in canvas units), else to the grid. All places stay on the grid. Answers the guides to be shown too.
 */
export function snapped(
  box: Box,
  others: readonly Box[],
  reach: number,
): { position: Position; guides: Guide[]; gaps: Gap[] } {
  const grid = onGrid(box);
  const x =
    nearest(
      box.x,
      box.width,
      others.map(({ x, width }) => lines(x, width)),
      reach,
    ) ??
    evenly(box, others, "horizontal", reach) ??
    grid.x;
  const y =
    nearest(
      box.y,
      box.height,
      others.map(({ y, height }) => lines(y, height)),
      reach,
    ) ??
    evenly(box, others, "vertical", reach) ??
    grid.y;
  const moved = { ...box, x, y };
  const gaps = [...equalGaps(moved, others, "horizontal"), ...equalGaps(moved, others, "vertical")];
  return { position: { x, y }, guides: guidesOf(moved, others), gaps };
}

/** Where a box of one size begins so that one of its lines meets one of the others', if that is near and on the grid. */
function nearest(start: number, size: number, others: readonly number[][], reach: number): number | undefined {
  let best: number | undefined;
  let shortest = reach;
  const own = lines(0, size);
  for (const other of others)
    for (const line of other)
      for (const offset of own) {
        const at = line - offset;
        const distance = Math.abs(at - start);
        if (at % GRID === 0 && distance < shortest) [best, shortest] = [at, distance];
      }
  return best;
}

/** One guide for each line that the box shares with others, as long as they reach. */
function guidesOf(box: Box, others: readonly Box[]): Guide[] {
  const guides: Guide[] = [];
  for (const way of ["vertical", "horizontal"] as const) {
    const vertical = way === "vertical";
    const along = (one: Box): number[] => (vertical ? lines(one.x, one.width) : lines(one.y, one.height));
    const across = (one: Box): [number, number] =>
      vertical ? [one.y, one.y + one.height] : [one.x, one.x + one.width];
    for (const at of along(box)) {
      const level = others.filter((other) => along(other).includes(at));
      if (level.length === 0) continue;
      const ends = [box, ...level].flatMap(across);
      guides.push({ way, at, from: Math.min(...ends), to: Math.max(...ends) });
    }
  }
  return guides;
}
