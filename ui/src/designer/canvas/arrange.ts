import type { Edit } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";
import { asOne, inside } from "./bodies";
import type { Drawing } from "./drawn";
import { onGrid } from "./geometry";

/** A side, or the middle, on which components can be level with each other. */
export type Side = "left" | "center" | "right" | "top" | "middle" | "bottom";
export type Axis = "horizontally" | "vertically";

interface Placed {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The edit that makes the chosen components level on one side; undefined where they are. */
export function align(flow: DrawnFlow, drawing: Drawing, side: Side): Edit | undefined {
  const all = chosen(flow, drawing);
  const left = Math.min(...all.map(({ x }) => x));
  const right = Math.max(...all.map(({ x, width }) => x + width));
  const top = Math.min(...all.map(({ y }) => y));
  const bottom = Math.max(...all.map(({ y, height }) => y + height));
  const places: Record<Side, (one: Placed) => { x: number; y: number }> = {
    left: ({ y }) => ({ x: left, y }),
    center: ({ y, width }) => ({ x: (left + right - width) / 2, y }),
    right: ({ y, width }) => ({ x: right - width, y }),
    top: ({ x }) => ({ x, y: top }),
    middle: ({ x, height }) => ({ x, y: (top + bottom - height) / 2 }),
    bottom: ({ x, height }) => ({ x, y: bottom - height }),
  };
  return moves(drawing, all, places[side]);
}

/** The edit that makes the room between the chosen components equal; the outermost stay. */
export function distribute(flow: DrawnFlow, drawing: Drawing, axis: Axis): Edit | undefined {
  const across = axis === "horizontally";
  const start = (one: Placed): number => (across ? one.x : one.y);
  const size = (one: Placed): number => (across ? one.width : one.height);
  const all = chosen(flow, drawing).sort((a, b) => start(a) - start(b));
  const [first, last] = [all[0], all.at(-1)];
  if (!first || !last || all.length < 3) return undefined;
  const taken = all.reduce((sum, one) => sum + size(one), 0);
  const gap = (start(last) + size(last) - start(first) - taken) / (all.length - 1);
  let next = start(first);
  const places = new Map<string, number>();
  for (const one of all) {
    places.set(one.id, next);
    next += size(one) + gap;
  }
  return moves(drawing, all.slice(1, -1), ({ id, x, y }) =>
    across ? { x: places.get(id) ?? x, y } : { x, y: places.get(id) ?? y },
  );
}

/** How many components can be aligned and distributed. */
export function chosen(flow: DrawnFlow, drawing: Drawing): Placed[] {
  return flow.outermost().flatMap((id) => {
    const drawn = drawing.get(id);
    return drawn ? [{ id, ...drawn.place, width: drawn.shape.width, height: drawn.shape.height }] : [];
  });
}

function moves(
  drawing: Drawing,
  all: readonly Placed[],
  place: (one: Placed) => { x: number; y: number },
): Edit | undefined {
  const edits = all.flatMap((one): Edit[] => {
    const at = place(one);
    const around = drawing.get(drawing.get(one.id)?.parent ?? "")?.place;
    const there = onGrid(at);
    if (there.x === one.x && there.y === one.y) return [];
    const position = around ? inside({ x: there.x - around.x, y: there.y - around.y }) : there;
    return [{ edit: "move", id: one.id, position }];
  });
  return asOne(edits);
}
