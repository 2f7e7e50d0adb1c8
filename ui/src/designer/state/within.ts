import type { Flow } from "../../platform";

/** Whether a component is one of `others` or lies in the body of one. Broken files may hold circles. */
export function isWithin({ components }: Flow, id: string, others: ReadonlySet<string>): boolean {
  const seen = new Set<string>();
  for (let up: string | undefined = id; up !== undefined && !seen.has(up); up = components[up]?.parent) {
    if (others.has(up)) return true;
    seen.add(up);
  }
  return false;
}
