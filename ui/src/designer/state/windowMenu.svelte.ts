import { platform, type Menu } from "../../platform";
import { actions } from "./actions";
import { designer } from "./designer.svelte";
import { menus } from "./menus";

/** Has the desktop show the window's menu, and keeps it in step; for as long as the component stands. */
export function showMenu(): void {
  $effect(() => {
    if (designer.host.kind !== "desktop") return;
    const shown = Object.entries(menus).map(([title, lines]): Menu => ({
      title,
      entries: lines.map((line) => {
        if (line === "separator") return { entry: "line" };
        const { label, where, shortcuts } = actions[line];
        const [keys] = shortcuts;
        return {
          entry: "item",
          name: line,
          label,
          enabled: actions[line].can(),
          // The menu would take keys away from text fields and from the canvas.
          ...(where === "window" && keys !== undefined ? { keys } : {}),
        };
      }),
    }));
    const soon = window.setTimeout(() => {
      platform.call("window_menu", { menus: shown }).catch((thrown: unknown) => designer.fail("The menu", thrown));
    }, 50);
    return () => window.clearTimeout(soon);
  });
}
