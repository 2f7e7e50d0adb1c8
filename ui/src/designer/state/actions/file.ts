import { platform } from "../../../platform";
import { designer } from "../designer.svelte";
import { hasFlow, hasProject, type Action } from "./action";

/** Projects and the files of flows. */
export const file = {
  "new-flow": {
    label: "New flow…",
    keys: "Ctrl+N",
    can: hasProject,
    do: () => designer.window.open({ kind: "new-flow" }),
  },
  "new-trigger": {
    label: "New trigger…",
    can: hasProject,
    do: () => designer.window.open({ kind: "new-trigger", ...(designer.active ? { flow: designer.active.name } : {}) }),
  },
  "quick-open": {
    label: "Quick open…",
    keys: "Ctrl+P",
    can: hasProject,
    do: () => designer.window.open({ kind: "quick-open" }),
  },
  search: {
    label: "Search in all flows…",
    keys: "Ctrl+Shift+F",
    can: hasProject,
    do: () => designer.window.open({ kind: "search" }),
  },
  "open-project": { label: "Open project…", keys: "Ctrl+O", do: () => designer.window.open({ kind: "open-project" }) },
  "new-project": { label: "New project…", do: () => designer.window.open({ kind: "new-project" }) },
  "new-from-sample": {
    label: "New project from a sample…",
    do: () => designer.window.open({ kind: "new-from-sample" }),
  },
  "close-project": { label: "Close project", can: hasProject, do: closeProject },
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
  "save-as": {
    label: "Save the project as…",
    can: hasProject,
    do: () => designer.window.open({ kind: "save-as" }),
  },
  "close-flow": {
    label: "Close flow",
    keys: "Ctrl+W",
    can: hasFlow,
    do: () => designer.active && designer.closeFlow(designer.active.name),
  },
  "next-flow": { label: "Next flow", keys: "Ctrl+PageDown", can: hasSeveral, do: () => turnTo(1) },
  "previous-flow": { label: "Previous flow", keys: "Ctrl+PageUp", can: hasSeveral, do: () => turnTo(-1) },
  settings: { label: "Settings…", keys: "Ctrl+,", do: () => designer.window.open({ kind: "settings" }) },
  quit: {
    label: "Quit",
    keys: "Ctrl+Q",
    can: () => designer.host.kind === "desktop",
    do: () => platform.call("window_quit", {}),
  },
} satisfies Record<string, Action>;

function hasSeveral(): boolean {
  return designer.flows.length > 1;
}

/** Shows the flow so many tabs further on. */
function turnTo(step: number): void {
  const at = designer.flows.findIndex(({ name }) => name === designer.activeName);
  const next = designer.flows.at((at + step) % designer.flows.length);
  if (next) designer.activeName = next.name;
}

/** Goes back to the welcome window; asks first when something is not saved. */
async function closeProject(): Promise<void> {
  const unsaved = designer.flows.filter(({ state }) => state.dirty).map(({ name }) => name);
  if (unsaved.length === 0) return designer.closeProject();
  designer.window.open({ kind: "unsaved", flows: unsaved, then: () => void designer.closeProject(true) });
}
