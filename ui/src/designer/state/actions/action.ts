import { designer } from "../designer.svelte";

/** Where the shortcuts of an action count. */
export type Where =
  /** In the whole window, also while somebody types. */
  | "window"
  /** In the whole window, but text fields keep these keys for themselves. */
  | "outside-text"
  /** While the keyboard is on the canvas. */
  | "canvas"
  /** As an event of the browser's own, which brings what goes with it: pasting. They cannot be changed. */
  | "browser";

/** Something the user can do: from a menu, a button, a key or the command palette. */
export interface Action {
  label: string;
  /** Its shortcuts as they come with Cairn, the one to show first: `Ctrl+Shift+Z`. `Ctrl` is ⌘ on a Mac. */
  keys?: string | readonly string[];
  /** The whole window when left out. */
  where?: Where;
  /** Whether it can be done now; always when left out. */
  can?: () => boolean;
  /** Why it cannot be done now, where that is not plain to see. */
  why?: () => string | undefined;
  do: () => unknown;
}

export const hasProject = (): boolean => !!designer.project;
/** Whether the flow in sight is one that can be run: an old version of it is only looked at. */
export const canRun = (): boolean => designer.active !== undefined && !designer.active.version;
export const whyNotRun = (): string | undefined =>
  designer.active?.version ? "An old version is only looked at. Restore it to run it." : undefined;
export const hasFlow = (): boolean => designer.active !== undefined;
export const hasComponents = (): boolean => (designer.active?.selected.size ?? 0) > 0;
/** Whether something with a place of its own is chosen: components, groups or notes. */
export const hasPlaces = (): boolean => hasComponents() || (designer.active?.selectedGroups.size ?? 0) > 0;
/** Whether components, links, groups or notes are chosen. */
export const hasChoice = (): boolean => hasPlaces() || (designer.active?.selectedLinks.size ?? 0) > 0;
export const isVersioned = (): boolean => designer.versions.status !== null;
