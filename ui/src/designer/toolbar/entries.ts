import type { MenuEntry } from "../../shared/menu";
import { act, actions } from "../state/actions";

type Name = keyof typeof actions;

/** Menu entries for actions, by their names. */
export function entriesOf(names: readonly (Name | "separator" | { heading: string })[]): MenuEntry[] {
  return names.map((name) => {
    if (typeof name !== "string" || name === "separator") return name;
    const { label, keys, can } = actions[name];
    return { label, ...(keys ? { keys } : {}), disabled: !(can?.() ?? true), do: () => act(name) };
  });
}
