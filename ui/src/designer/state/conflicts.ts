import type { ActionName, KnownAction } from "./actions";

type Known = Pick<KnownAction, "name" | "label" | "where" | "shortcuts">;

/** Of each action that shares a shortcut with others: those others. What counts in the whole window counts on the canvas too. */
export function conflictsOf(actions: readonly Known[]): Map<ActionName, Known[]> {
  const users = new Map<string, Known[]>();
  for (const action of actions)
    for (const keys of action.shortcuts) users.set(keys, [...(users.get(keys) ?? []), action]);
  const conflicts = new Map<ActionName, Known[]>();
  for (const group of users.values())
    for (const action of group) {
      const others = group.filter((other) => other !== action);
      if (others.length > 0) conflicts.set(action.name, [...(conflicts.get(action.name) ?? []), ...others]);
    }
  return conflicts;
}
