import { act, type actions } from "./actions";

type Name = keyof typeof actions;

/** Shortcuts that hold everywhere in the window, also while typing. */
const everywhere: Record<string, Name> = {
  "ctrl+s": "save",
  "ctrl+shift+s": "save-all",
  "ctrl+n": "new-flow",
  "ctrl+o": "open-project",
  "ctrl+w": "close-flow",
  "ctrl+j": "toggle-panel",
  "ctrl+k": "commit",
  "ctrl+shift+u": "push-update",
  f5: "run",
  "shift+f5": "stop-run",
};

/** Shortcuts that a text field keeps for itself. */
const outsideOfText: Record<string, Name> = {
  "ctrl+z": "undo",
  "ctrl+y": "redo",
  "ctrl+shift+z": "redo",
  "?": "shortcuts",
  "shift+?": "shortcuts",
};

/** Handles the window's shortcuts. The canvas has more of its own. */
export function handleKeys(event: KeyboardEvent): void {
  if (event.defaultPrevented || document.querySelector(".dialog, .menu")) return;
  const chord = chordOf(event);
  const name = everywhere[chord] ?? (isText(event.target) ? undefined : outsideOfText[chord]);
  if (!name) return;
  event.preventDefault();
  act(name);
}

/** The keys of an event as one word: `ctrl+shift+z`. */
export function chordOf(event: KeyboardEvent): string {
  const parts = [
    event.ctrlKey || event.metaKey ? "ctrl" : "",
    event.altKey ? "alt" : "",
    event.shiftKey ? "shift" : "",
  ];
  return [...parts.filter(Boolean), event.key.toLowerCase()].join("+");
}

/** Whether keys pressed on it are text. */
export function isText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);
}
