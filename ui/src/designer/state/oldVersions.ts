import { platform } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { designer } from "./designer.svelte";
import { DrawnFlow } from "./flow.svelte";
import { unsaved } from "./neverLost";
import { shortVersion } from "../../shared/version";

/** Shows a flow as a commit has it, to be looked at. */
export async function openVersion(name: string, commit: string): Promise<void> {
  try {
    const { view } = await platform.call("vcs_flow_at", { flow: name, commit });
    const shown = `${name} @ ${shortVersion(commit)}`;
    if (!designer.flows.some((open) => open.name === shown))
      designer.flows = [...designer.flows, new DrawnFlow({ ...view, flow: shown }, { flow: name, commit })];
    designer.activeName = shown;
  } catch (thrown) {
    designer.fail(`${name} cannot be shown as it was`, thrown);
  }
}

/** Puts the version that a commit has of a flow in the place of the flow, as a step that can be undone. */
export async function restoreVersion(name: string, commit: string): Promise<void> {
  try {
    const title = `Restore the version of ${shortVersion(commit)}`;
    await platform.call("vcs_restore", { flow: name, commit, title });
    await designer.openFlow(name);
    toasts.ok(`${name} is as in ${shortVersion(commit)}`, "Undo takes it back; save to keep it.", unsaved(name));
  } catch (thrown) {
    designer.fail(`${name} cannot be restored`, thrown);
  }
}
