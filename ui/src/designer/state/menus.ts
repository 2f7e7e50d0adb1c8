import type { ActionName } from "./actions";
import { isMac } from "./chords";

/** What stands in a menu: actions, and lines between them. */
export type MenuLine = ActionName | "separator";

const app: Record<string, readonly MenuLine[]> = { Cairn: ["about", "separator", "settings", "separator", "quit"] };

/** The menus of the window, as the desktop or the page itself shows them. A Mac has the program's own menu first. */
export const menus: Readonly<Record<string, readonly MenuLine[]>> = {
  ...(isMac ? app : {}),
  File: [
    "new-flow",
    "new-trigger",
    "quick-open",
    "search",
    "separator",
    "new-project",
    "new-from-sample",
    "open-project",
    "clone",
    "close-project",
    "separator",
    "save",
    "save-all",
    "save-as",
    "close-flow",
    ...(isMac ? [] : (["separator", "settings", "quit"] as const)),
  ],
  Edit: [
    "undo",
    "redo",
    "separator",
    "cut",
    "copy",
    "paste",
    "delete",
    "separator",
    "select-all",
    "separator",
    "add-note",
    "group",
  ],
  View: [
    "commands",
    "separator",
    "zoom-in",
    "zoom-out",
    "zoom-to-fit",
    "zoom-to-selection",
    "separator",
    "auto-layout",
    "outline",
    "failure-lens",
    "separator",
    "toggle-panel",
    "separator",
    "next-flow",
    "previous-flow",
  ],
  Run: ["run", "run-to-here", "stop-run", "separator", "problems", "next-problem", "streams", "separator", "run-tests"],
  "Version Control": [
    "commit",
    "pull",
    "push",
    "separator",
    "branches",
    "history",
    "separator",
    "set-remote",
    "credentials",
  ],
  Clusters: ["monitor", "separator", "push-update", "separator", "sign-in"],
  Help: ["failover-tour", "separator", "shortcuts", ...(isMac ? [] : (["about"] as const))],
};
