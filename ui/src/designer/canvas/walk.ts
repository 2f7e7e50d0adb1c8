import type { Placed } from "../../shared/bodies";
import type { DrawnFlow } from "../state/flow.svelte";
import type { Drawing } from "./drawn";
import type { Shape } from "./geometry";

export type Direction = "left" | "right" | "up" | "down";
type Drawn = Placed<Shape>;

/**
 * Where an arrow key leads from a component: right and left along links (the topmost where there are several), up and
 * down to the nearest component above or below in the same body. Down from a component with a body leads into it; up
 * from the uppermost there, and left and right at its ends, lead back.
 */
export function neighbour(
  flow: DrawnFlow,
  drawing: Drawing,
  from: string | null,
  direction: Direction,
): string | undefined {
  const here = drawing.get(from ?? "");
  if (!here) return first(flow);
  if (direction === "right" || direction === "left") {
    const ends =
      direction === "right"
        ? flow.outgoing(here.id).map(({ to }) => to.component)
        : flow.incoming(here.id).map((link) => link.from.component);
    const along = ends.flatMap((id) => drawing.get(id) ?? []);
    const beside = topmost(along.filter(({ parent }) => parent === here.parent));
    return (beside ?? along.find(({ id }) => id === here.parent))?.id;
  }
  const inside = [...drawing.values()].filter(({ parent }) => parent === here.id);
  if (direction === "down" && inside.length > 0) return entry(flow, here, inside)?.id;
  return nearest(drawing, here, direction === "down" ? 1 : -1)?.id ?? (direction === "up" ? here.parent : undefined);
}

/** The start component, or whatever stands first. */
export function first(flow: DrawnFlow): string | undefined {
  const all = Object.entries(flow.document.components);
  return (all.find(([, { type }]) => type === "Start") ?? all[0])?.[0];
}

/** Where a body begins: what its entry leads to, else what stands highest. */
function entry(flow: DrawnFlow, { id }: Drawn, inside: readonly Drawn[]): Drawn | undefined {
  const linked = new Set(flow.outgoing(id).map(({ to }) => to.component));
  return topmost(inside.filter((one) => linked.has(one.id))) ?? topmost(inside);
}

function nearest(drawing: Drawing, here: Drawn, sign: 1 | -1): Drawn | undefined {
  let best: Drawn | undefined;
  let shortest = Infinity;
  for (const one of drawing.values()) {
    const ahead = (one.at.y - here.at.y) * sign;
    if (one.parent !== here.parent || ahead <= 0) continue;
    // What stands straight above or below is nearer than what stands aside.
    const distance = ahead + Math.abs(one.at.x - here.at.x) * 2;
    if (distance < shortest) [best, shortest] = [one, distance];
  }
  return best;
}

function topmost(all: readonly Drawn[]): Drawn | undefined {
  return [...all].sort((a, b) => a.at.y - b.at.y)[0];
}
