import type { RunView } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";

/** A stream of a run that can be looked at. */
export interface RunStreamEntry {
  component: string;
  outlet: string;
  title: string;
}

/** Every outlet that has delivered in a run, in the order of the flow. */
export function streamsOf(flow: DrawnFlow, run: RunView | undefined): RunStreamEntry[] {
  if (!run) return [];
  return Object.entries(flow.document.components).flatMap(([component, { name }]) => {
    const outlets = Object.keys(run.components[component]?.outlets ?? {});
    return outlets.map((outlet) => ({ component, outlet, title: outlet === "out" ? name : `${name} · ${outlet}` }));
  });
}
