import type { DrawnFlow } from "../state/flow.svelte";
import type { Drawing } from "./drawn";
import { CARD_HEIGHT } from "./geometry";

/** A component of a flow in its outline, with what is in its body. */
export interface Entry {
  id: string;
  children: Entry[];
}

/**
 * The components of a flow as a tree: those of a body below the component that has it, each after all that lead to it, one
 * path after the other from top to bottom. What stands on a circle comes last.
 */
export function outlineOf(flow: DrawnFlow): Entry[] {
  const { components, layout } = flow.document;
  const bodies = Map.groupBy(Object.keys(components), (id) => {
    const parent = components[id]?.parent;
    return parent !== undefined && parent in components ? parent : undefined;
  });
  const top = (id: string): number => layout[id]?.y ?? 0;
  const seen = new Set<string>();

  const within = (parent: string | undefined): Entry[] => {
    const ids = bodies.get(parent) ?? [];
    const here = new Set(ids);
    const waits = new Map<string, number>();
    for (const id of ids) waits.set(id, flow.incoming(id).filter(({ from }) => here.has(from.component)).length);
    const isFirst = (id: string): boolean => components[id]?.type === "Start";
    const ready = ids
      .filter((id) => waits.get(id) === 0)
      .sort((a, b) => Number(isFirst(a)) - Number(isFirst(b)) || top(b) - top(a));
    const ordered: string[] = [];
    for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
      ordered.push(id);
      const next: string[] = [];
      for (const { to } of flow.outgoing(id)) {
        if (!here.has(to.component)) continue;
        const left = (waits.get(to.component) ?? 0) - 1;
        waits.set(to.component, left);
        if (left === 0) next.push(to.component);
      }
      ready.push(...next.sort((a, b) => top(b) - top(a)));
    }
    const known = new Set(ordered);
    return [...ordered, ...ids.filter((id) => !known.has(id))].flatMap((id) => {
      // Broken files may hold parents that form a circle.
      if (seen.has(id)) return [];
      seen.add(id);
      return [{ id, children: within(id) }];
    });
  };
  return within(undefined);
}

/**
 * Components as they are read on the canvas: row by row from the top, each from left to right. Those that are not drawn
 * come last.
 */
export function inReadingOrder(ids: Iterable<string>, drawing: Drawing): string[] {
  const all = [...ids];
  const drawn = all.flatMap((id) => drawing.get(id) ?? []).sort((a, b) => a.place.y - b.place.y);
  const rows: (typeof drawn)[] = [];
  for (const one of drawn) {
    const row = rows.at(-1);
    // What stands a little lower than its neighbour is still beside it.
    if (row?.[0] && one.place.y < row[0].place.y + CARD_HEIGHT / 2) row.push(one);
    else rows.push([one]);
  }
  const read = rows.flatMap((row) => row.sort((a, b) => a.place.x - b.place.x)).map(({ id }) => id);
  return [...read, ...all.filter((id) => !drawing.has(id))];
}
