import { actions, allActions, type ActionName } from "./actions";
import type { Where } from "./actions/action";
import { chordOf } from "./chords";

/** Handles the window's shortcuts. The canvas has more of its own. */
export function handleKeys(event: KeyboardEvent): void {
  if (event.defaultPrevented || isUnderDialog()) return;
  const chord = chordOf(event);
  const name = actionAt(chord, "window") ?? (isText(event.target) ? undefined : actionAt(chord, "outside-text"));
  if (!name) return;
  event.preventDefault();
  actions[name].do();
}

/** Whether a dialog or a menu is open, so that the window itself rests. */
export function isUnderDialog(): boolean {
  return document.querySelector(".dialog, .menu") !== null;
}

/** The action that a shortcut stands for. */
export function actionAt(chord: string, where: Where): ActionName | undefined {
  return allActions.find((action) => action.where === where && action.shortcuts.includes(chord))?.name;
}

/** Whether keys pressed on it are text. */
export function isText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);
}
