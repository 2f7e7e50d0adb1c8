import { platform, type DesignerEvent, type FlowTabs, type LeftChanges } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import type { DesignerState } from "./designer.svelte";
import type { DrawnFlow } from "./flow.svelte";

/** What is to be known of a project before its flows are opened: what a crash left of unsaved changes, and its tabs. */
export interface Ahead {
  left: LeftChanges[];
  tabs: FlowTabs;
}

/** Asks for it. */
export async function askAhead(): Promise<Ahead> {
  const left = platform.call("project_left_changes", {}).catch(() => []);
  const tabs = platform.call("project_tabs", {}).catch(() => ({ open: [], active: null }));
  return { left: await left, tabs: await tabs };
}

/** Shows what a crash left of unsaved changes, before any flow is opened. */
export function offerLeftChanges(designer: DesignerState, { left }: Ahead): void {
  if (left.length > 0) designer.window.open({ kind: "left-changes", left });
}

/** Another program changed the file of a flow: says what became of that. */
export function changedOutside(
  flow: DrawnFlow | undefined,
  { flow: name, outcome, words }: Extract<DesignerEvent, { event: "flow-changed-outside" }>,
): void {
  const what = words.slice(0, 3).join("; ") + (words.length > 3 ? " …" : "");
  switch (outcome) {
    case "followed":
      toasts.info(`${name} was changed outside of this window`, what);
      break;
    case "merged":
      toasts.info(`${name} was changed outside of this window, too`, `Merged with your changes: ${what}`);
      break;
    case "conflict":
    case "unreadable":
      if (flow) flow.conflict = true;
      return;
    case "gone":
      toasts.info(`The file of ${name} is gone`, "What is open here is kept; saving writes it anew.");
      break;
  }
  if (flow) flow.conflict = false;
}
