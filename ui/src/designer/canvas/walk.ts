import type { Position } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";

export type Direction = "left" | "right" | "up" | "down";

/**
 * Where an arrow key leads from a component: right and left along links (the topmost where there are several), up
 * and down to the nearest component above or below.
 */
export function neighbour(flow: DrawnFlow, from: string | null, direction: Direction): string | undefined {
  const { components, layout } = flow.document;
  if (!from || !(from in components)) return first(flow);
  const here = layout[from] ?? { x: 0, y: 0 };
  if (direction === "right")
    return topmost(
      flow,
      flow.outgoing(from).map(({ to }) => to.component),
    );
  if (direction === "left")
    return topmost(
      flow,
      flow.incoming(from).map((link) => link.from.component),
    );
  const sign = direction === "down" ? 1 : -1;
  let best: string | undefined;
  let shortest = Infinity;
  for (const id of Object.keys(components)) {
    const { x, y } = layout[id] ?? { x: 0, y: 0 };
    const ahead = (y - here.y) * sign;
    if (id === from || ahead <= 0) continue;
    // What stands straight above or below is nearer than what stands aside.
    const distance = ahead + Math.abs(x - here.x) * 2;
    if (distance < shortest) [best, shortest] = [id, distance];
  }
  return best;
}

/** The start component, or whatever stands first. */
export function first(flow: DrawnFlow): string | undefined {
  const all = Object.entries(flow.document.components);
  return (all.find(([, { type }]) => type === "Start") ?? all[0])?.[0];
}

function topmost(flow: DrawnFlow, ids: string[]): string | undefined {
  const place = (id: string): Position => flow.document.layout[id] ?? { x: 0, y: 0 };
  return [...ids].sort((a, b) => place(a).y - place(b).y)[0];
}
