import { platform, type DesignerEvent, type FlowSaved, type FlowTabs, type LeftChanges } from "../../platform";
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

/** Which flows git changed, while it does what this window asked of it. */
let together: Set<string> | undefined;

/**
 * Has git do something; answers also which open flows that changed, in words. They are told with what was asked for, and not
 * one by one.
 */
export async function toldTogether<T>(ask: () => Promise<T>): Promise<{ answer: T; changed: string }> {
  const flows = (together = new Set<string>());
  try {
    const answer = await ask();
    // Events come by another way: those from before the answer are here when the next one is.
    await platform.call("host_view", {});
    return { answer, changed: flows.size > 0 ? `Changed here: ${[...flows].join(", ")}.` : "" };
  } finally {
    together = undefined;
  }
}

/** Tells that what a crash left of a flow is back. */
export function tellRecovered({ name, recovered }: DrawnFlow): void {
  const text = "They were found in the crash journal. Save to keep them.";
  if (recovered) toasts.info(`${name}: unsaved changes are back`, text, unsaved(name));
}

/** A flow was saved: what asked for that is done, and its tests may have changed with it. */
export function saved(flow: DrawnFlow, { state, tests }: FlowSaved): void {
  flow.state = state;
  flow.conflict = false;
  toasts.forget(unsaved(flow.name));
  if (tests.length === 0) return;
  const [what, have] = tests.length === 1 ? ["A flow test", "has"] : [`${tests.length} flow tests`, "have"];
  toasts.info(`${what} of ${flow.name} ${have} the new names, too`, tests.join(", "));
}

/** What toasts are about that say that a flow has changes to be saved. */
export function unsaved(flow: string): string {
  return `unsaved ${flow}`;
}

/** Another program changed the file of a flow: says what became of that. */
export function changedOutside(
  flow: DrawnFlow | undefined,
  { flow: name, outcome, words }: Extract<DesignerEvent, { event: "flow-changed-outside" }>,
): void {
  const what = words.slice(0, 3).join("; ") + (words.length > 3 ? " …" : "");
  switch (outcome) {
    case "followed":
      if (together) together.add(name);
      else toasts.info(`${name} was changed outside of this window`, what);
      break;
    case "merged":
      if (together) together.add(name);
      else {
        const keep = flow?.state.dirty ? "Save to keep it. " : "";
        toasts.info(`${name} is merged with changes from outside`, `${keep}What came in: ${what}`, unsaved(name));
      }
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
