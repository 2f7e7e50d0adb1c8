import { settings } from "../../platform/settings.svelte";
import { designer } from "./designer.svelte";

/** How long nothing has changed before a flow is saved by itself. */
const REST_MS = 1500;

/** Saves flows by themselves where the settings say so; for as long as the component stands. */
export function autosave(): void {
  $effect(() => {
    if (!settings.current.editor.autosave) return;
    const timers = designer.flows
      // Where another program changed the file, the author says what counts.
      .filter(({ state, conflict }) => state.dirty && !conflict)
      .map((flow) => window.setTimeout(() => void designer.save(flow), REST_MS));
    return () => timers.forEach((timer) => window.clearTimeout(timer));
  });
}
