import { designer } from "../designer.svelte";
import { hasFlow, type Action } from "./action";

/** Running here. */
export const run = {
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
} satisfies Record<string, Action>;
