/**
 * Shortcuts. As they are written down, `Ctrl+Shift+Z`, `Ctrl` is the key that shortcuts of the platform begin with:
 * ⌘ on a Mac. A character that needs Shift to be typed stands for itself: `?`, not `Shift+?`.
 */

const here = typeof navigator === "undefined" ? "" : navigator.platform;
export const isMac = /Mac|iPhone|iPad/.test(here);

/** What keys are called here, by what browsers call them. */
const names: Record<string, string> = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** The keys that an event stands for, as they are written down. */
export function chordOf(event: KeyboardEvent): string {
  const digit = event.shiftKey ? /^Digit(\d)$/.exec(event.code)?.[1] : undefined;
  const key = digit ?? names[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const isSign = key.length === 1 && !digit && key.toLowerCase() === key.toUpperCase() && event.key !== " ";
  const parts = [
    event.ctrlKey || event.metaKey ? "Ctrl" : "",
    event.altKey ? "Alt" : "",
    event.shiftKey && !isSign ? "Shift" : "",
  ];
  return [...parts.filter(Boolean), key].join("+");
}

/** Whether an event is of a key that only changes what others mean. */
export function isModifier(event: KeyboardEvent): boolean {
  return ["Control", "Shift", "Alt", "AltGraph", "Meta", "CapsLock", "Fn", "OS"].includes(event.key);
}

/** A shortcut as people of this platform write it: `Ctrl+Shift+Z`, or `⇧⌘Z`. */
export function shownKeys(chord: string, mac = isMac): string {
  const { modifiers, key } = partsOf(chord);
  const shown = key === "-" ? "−" : key === "Delete" && !mac ? "Del" : key;
  if (!mac) return [...modifiers, shown].join("+");
  const signs: Record<string, string> = { Ctrl: "⌘", Alt: "⌥", Shift: "⇧" };
  const keys: Record<string, string> = { Delete: "⌦", Backspace: "⌫", Enter: "↩", Escape: "⎋", Space: "␣" };
  // Apple's order: Control, Option, Shift, Command.
  const inOrder = ["Alt", "Shift", "Ctrl"].filter((modifier) => modifiers.includes(modifier));
  return [...inOrder.map((modifier) => signs[modifier]), keys[key] ?? shown].join("");
}

/** The modifiers and the key of a shortcut; the key may be a plus sign. */
function partsOf(chord: string): { modifiers: string[]; key: string } {
  const at = chord.lastIndexOf("+", chord.length - 2);
  return at < 0
    ? { modifiers: [], key: chord }
    : { modifiers: chord.slice(0, at).split("+"), key: chord.slice(at + 1) };
}
