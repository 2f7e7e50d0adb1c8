import { platform } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";
import { canvasView } from "./canvasView.svelte";

/** The failure lens: what a failure of the chosen component would make run again. */
export class FailureLens {
  /** The component that is thought to fail, and what runs again then. */
  #found = $state.raw<{ component: string; again: ReadonlySet<string> } | undefined>();
  readonly component = $derived(this.#found?.component);
  readonly runsAgain = $derived(this.#found?.again);

  /** Follows what is chosen in a flow, as long as the lens is on. */
  follow(flow: DrawnFlow): void {
    const [component] = flow.selected;
    // What runs again may be another with every change of the flow.
    void flow.state.revision;
    if (!canvasView.lens || component === undefined || flow.selected.size !== 1) {
      this.#found = undefined;
      return;
    }
    void platform
      .call("flow_runs_again", { flow: flow.name, component })
      .then(({ components }) => {
        if (flow.selected.has(component)) this.#found = { component, again: new Set(components) };
      })
      .catch(() => (this.#found = undefined));
  }
}
