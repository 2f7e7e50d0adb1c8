import { settings } from "../../platform/settings.svelte";
import type { MenuEntry } from "../../shared/menu";
import { theme, type ThemeChoice } from "../../shared/theme.svelte";
import { designer } from "../state/designer.svelte";

const choices: { choice: ThemeChoice; label: string }[] = [
  { choice: "system", label: "As the system" },
  { choice: "light", label: "Light" },
  { choice: "dark", label: "Dark" },
  { choice: "contrast", label: "High contrast" },
];

/** Menu entries for the themes, of which one is chosen. */
export function themeEntries(): MenuEntry[] {
  return choices.map(({ choice, label }) => ({
    label,
    checked: theme.choice === choice,
    do: () =>
      void settings
        .change({ theme: choice })
        .catch((thrown: unknown) => designer.fail("The theme is not kept", thrown)),
  }));
}
