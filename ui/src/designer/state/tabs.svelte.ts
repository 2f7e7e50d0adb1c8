import { platform } from "../../platform";
import { designer } from "./designer.svelte";

/** Remembers the open flows of the project, to be open again the next time; for as long as the component stands. */
export function rememberTabs(): void {
  $effect(() => {
    const tabs = { open: designer.flows.map(({ name }) => name), active: designer.activeName };
    if (!designer.project || designer.restored !== designer.project.path) return;
    const soon = window.setTimeout(() => {
      // Not to remember them is no reason to disturb anybody.
      platform.call("project_remember_tabs", { tabs }).catch(() => undefined);
    }, 200);
    return () => window.clearTimeout(soon);
  });
}
