import { platform, type MenuItem } from "../../platform";
import { newGroup, newNote } from "../canvas/groups";
import { layOut } from "../canvas/layout";
import { copy, cut, paste } from "./clipboard";
import { designer } from "./designer.svelte";

/** Something the user can do, from a menu, a button or a key. */
export interface Action {
  label: string;
  /** The shortcut, as it is written. */
  keys?: string;
  /** Whether it can be done now. */
  can?: () => boolean;
  do: () => unknown;
}

const hasFlow = (): boolean => designer.active !== undefined;
const hasProject = (): boolean => !!designer.project;
const hasChoice = (): boolean =>
  !!designer.active &&
  (designer.active.selected.size > 0 || !!designer.active.selectedLink || !!designer.active.selectedGroup);
const hasComponents = (): boolean => (designer.active?.selected.size ?? 0) > 0;
const isVersioned = (): boolean => designer.versions.status !== null;

/** Everything, once. A menu of the desktop host names its items the same. */
export const actions: Record<MenuItem | "shortcuts" | "monitor", Action> = {
  "add-note": { label: "Add a note", keys: "N", can: hasFlow, do: addNote },
  group: { label: "Group the chosen components", keys: "Ctrl+G", can: hasComponents, do: group },
  "new-flow": {
    label: "New flow…",
    keys: "Ctrl+N",
    can: hasProject,
    do: () => designer.window.open({ kind: "new-flow" }),
  },
  "open-project": { label: "Open project…", keys: "Ctrl+O", do: () => designer.window.open({ kind: "open-project" }) },
  "new-project": { label: "New project…", do: () => designer.window.open({ kind: "new-project" }) },
  save: {
    label: "Save",
    keys: "Ctrl+S",
    can: () => !!designer.active?.state.dirty,
    do: () => designer.active && designer.save(designer.active),
  },
  "save-all": {
    label: "Save all",
    keys: "Ctrl+Shift+S",
    can: () => designer.flows.some((flow) => flow.state.dirty),
    do: () => designer.saveAll(),
  },
  "close-flow": {
    label: "Close flow",
    keys: "Ctrl+W",
    can: hasFlow,
    do: () => designer.active && designer.closeFlow(designer.active.name),
  },
  undo: { label: "Undo", keys: "Ctrl+Z", can: () => !!designer.active?.state.undo, do: () => designer.active?.undo() },
  redo: { label: "Redo", keys: "Ctrl+Y", can: () => !!designer.active?.state.redo, do: () => designer.active?.redo() },
  cut: { label: "Cut", keys: "Ctrl+X", can: hasChoice, do: () => designer.active && cut(designer.active) },
  copy: { label: "Copy", keys: "Ctrl+C", can: hasChoice, do: () => designer.active && copy(designer.active) },
  paste: { label: "Paste", keys: "Ctrl+V", can: hasFlow, do: () => designer.active && paste(designer.active) },
  delete: { label: "Delete", keys: "Del", can: hasChoice, do: () => designer.active?.remove() },
  "select-all": {
    label: "Select all",
    keys: "Ctrl+A",
    can: hasFlow,
    do: () => designer.active?.select(Object.keys(designer.active.document.components)),
  },
  "zoom-in": { label: "Zoom in", keys: "+", can: hasFlow, do: () => designer.active?.canvas?.zoomIn() },
  "zoom-out": { label: "Zoom out", keys: "−", can: hasFlow, do: () => designer.active?.canvas?.zoomOut() },
  "zoom-to-fit": { label: "Zoom to fit", keys: "Shift+1", can: hasFlow, do: () => designer.active?.canvas?.fit() },
  "auto-layout": {
    label: "Arrange components",
    keys: "Shift+L",
    can: hasFlow,
    do: () => designer.active && layOut(designer.active),
  },
  "toggle-panel": { label: "Show or hide the panel", keys: "Ctrl+J", do: () => designer.window.togglePanel() },
  run: {
    label: "Run",
    keys: "F5",
    can: () => hasFlow() && !designer.runs.isRunning(designer.active?.name),
    do: () => designer.run(),
  },
  "stop-run": {
    label: "Stop",
    keys: "Shift+F5",
    can: () => designer.runs.isRunning(designer.active?.name),
    do: () => designer.active && designer.runs.stop(designer.active.name),
  },
  commit: {
    label: "Commit…",
    keys: "Ctrl+K",
    can: isVersioned,
    do: () => designer.window.open({ kind: "commit" }),
  },
  pull: { label: "Pull", can: () => !!designer.versions.status?.remote, do: pull },
  push: { label: "Push", can: () => !!designer.versions.status?.remote, do: () => designer.versions.push() },
  "push-update": {
    label: "Push update…",
    keys: "Ctrl+Shift+U",
    can: () => isVersioned() && !!designer.clusters.chosen?.account,
    do: () => designer.window.open({ kind: "push-update" }),
  },
  history: { label: "History", can: isVersioned, do: () => designer.window.showPanel("history") },
  "sign-in": { label: "Sign in to a cluster…", do: () => designer.window.open({ kind: "sign-in" }) },
  "failover-tour": { label: "Failover tour…", do: () => designer.window.open({ kind: "tour" }) },
  about: { label: "About Cairn", do: () => designer.window.open({ kind: "about" }) },
  shortcuts: { label: "Keyboard shortcuts", keys: "?", do: () => designer.window.open({ kind: "shortcuts" }) },
  monitor: { label: "Monitor", do: openMonitor },
};

/** Does an action, if it can be done now. */
export function act(name: keyof typeof actions): void {
  const action = actions[name];
  if (action.can?.() ?? true) void action.do();
}

/** Puts a note into the middle of what is seen, to be written. */
async function addNote(): Promise<void> {
  const flow = designer.active;
  if (!flow) return;
  const { id, edit } = newNote(flow.canvas?.center() ?? { x: 0, y: 0 });
  if (!(await flow.edit(edit))) return;
  flow.select([], null, id);
  designer.window.focusInspector("note");
}

/** Draws a frame around the chosen components, to be named. */
async function group(): Promise<void> {
  const flow = designer.active;
  if (!flow) return;
  const { id, edit } = newGroup(flow.selected);
  if (!(await flow.edit(edit))) return;
  flow.select([], null, id);
  designer.window.focusInspector("title");
}

/** Pulls, and asks whose changes count where both sides changed the same. */
async function pull(): Promise<void> {
  const conflicts = await designer.versions.pull();
  if (conflicts.length > 0) designer.window.open({ kind: "pull-conflicts", conflicts });
}

/** The monitor: a window of its own on the desktop, a tab in a browser. */
async function openMonitor(): Promise<void> {
  if (designer.host.kind === "browser") {
    window.open("monitor.html", "cairn-monitor");
    return;
  }
  await platform.call("window_open_monitor", {}).catch((thrown: unknown) => designer.fail("The monitor", thrown));
}
