/**
 * Everything a user can do, once, by subject. Menus, buttons, shortcuts and the command palette read it here. A new
 * action is an entry in the file of its subject; where a menu shall have it too, its name goes to `menus.ts`.
 */
import { settings } from "../../../platform/settings.svelte";
import { toasts } from "../../../shared/toasts.svelte";
import { shownKeys } from "../chords";
import { designer } from "../designer.svelte";
import type { Action, Where } from "./action";
import { canvas } from "./canvas";
import { cluster } from "./cluster";
import { edit } from "./edit";
import { file } from "./file";
import { help } from "./help";
import { run } from "./run";
import { versions } from "./versions";
import { view } from "./view";

const subjects = {
  File: file,
  Edit: edit,
  Canvas: canvas,
  View: view,
  Run: run,
  "Version control": versions,
  Clusters: cluster,
  Help: help,
};

export type Subject = keyof typeof subjects;

/** The name of an action: `push-update`. */
export type ActionName =
  | keyof typeof file
  | keyof typeof edit
  | keyof typeof canvas
  | keyof typeof view
  | keyof typeof run
  | keyof typeof versions
  | keyof typeof cluster
  | keyof typeof help;

/** An action as it stands in this window, with the shortcuts that its user chose. */
export class KnownAction {
  readonly #action: Action;

  constructor(
    readonly name: ActionName,
    readonly subject: Subject,
    action: Action,
  ) {
    this.#action = action;
  }

  get label(): string {
    return this.#action.label;
  }

  get where(): Where {
    return this.#action.where ?? "window";
  }

  /** All its shortcuts: `Ctrl+Shift+Z`. */
  get shortcuts(): readonly string[] {
    return settings.current.keys[this.name] ?? this.ownShortcuts;
  }

  /** The shortcuts that it comes with. */
  get ownShortcuts(): readonly string[] {
    const { keys } = this.#action;
    return keys === undefined ? [] : typeof keys === "string" ? [keys] : keys;
  }

  /** Its first shortcut as people of this platform write it. */
  get keys(): string | undefined {
    const [first] = this.shortcuts;
    return first === undefined ? undefined : shownKeys(first);
  }

  can(): boolean {
    return this.#action.can?.() ?? true;
  }

  /** Why it cannot be done now, where that is not plain to see. */
  get why(): string | undefined {
    return this.#action.why?.();
  }

  /** Does it, if it can be done now or when the host has answered what was asked of it before; else says why not. */
  do(): void {
    const flow = designer.active;
    if (this.can()) void this.#action.do();
    else if (flow?.isAsking) void flow.settled().then(() => this.do());
    else if (this.why !== undefined) toasts.info(this.why);
  }
}

export const actions = Object.fromEntries(
  Object.entries(subjects).flatMap(([subject, its]) =>
    Object.entries(its).map(([name, action]) => [
      name,
      new KnownAction(name as ActionName, subject as Subject, action),
    ]),
  ),
) as Record<ActionName, KnownAction>;

/** All of them, subject by subject. */
export const allActions: readonly KnownAction[] = Object.values(actions);

/** Whether a name is that of an action: it may come from a menu or a settings file. */
export function isActionName(name: string): name is ActionName {
  return name in actions;
}

/** Does an action, if it can be done now. */
export function act(name: ActionName): void {
  actions[name].do();
}
