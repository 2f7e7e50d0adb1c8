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
} satisfies Record<string, Action>;
