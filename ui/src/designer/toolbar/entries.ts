import type { MenuEntry } from "../../shared/menu";
import { actions, type ActionName } from "../state/actions";

/** Menu entries for actions, by their names. */
export function entriesOf(names: readonly (ActionName | "separator" | { heading: string })[]): MenuEntry[] {
  return names.map((name) => {
    if (typeof name !== "string" || name === "separator") return name;
    const action = actions[name];
    const { label, keys } = action;
    return { label, ...(keys ? { keys } : {}), disabled: !action.can(), do: () => action.do() };
  });
}
