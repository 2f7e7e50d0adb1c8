import { CallError, platform, type JsonValue, type RunChanged, type RunView, type StreamView } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";

/** Which stream of a run is looked at. */
export interface WatchedStream {
  component: string;
  outlet: string;
}

/** The last local run of each open flow. */
export class Runs {
  byFlow = $state.raw<Record<string, RunView>>({});
  /** The stream that the Run panel shows, by flow. */
  watched = $state.raw<Record<string, WatchedStream>>({});
  rows = $state.raw<StreamView | null>(null);
  rowsProblem = $state<string | null>(null);
  starting = $state(false);
  /** What was typed into the inputs form, by flow. */
  inputs = $state<Record<string, Record<string, JsonValue>>>({});

  of(flow: string | undefined): RunView | undefined {
    return flow === undefined ? undefined : this.byFlow[flow];
  }

  isRunning(flow: string | undefined): boolean {
    return this.of(flow)?.outcome.state === "running";
  }

  async start(flow: string): Promise<CallError | undefined> {
    this.starting = true;
    this.rows = null;
    try {
      this.#put(await platform.call("run_start", { flow, inputs: { ...this.inputs[flow] } }));
      // What happened before the answer came was told in events that could not be placed yet.
      void this.recall(flow);
      return undefined;
    } catch (thrown) {
      return CallError.from(thrown);
    } finally {
      this.starting = false;
    }
  }

  async stop(flow: string): Promise<void> {
    const run = this.of(flow);
    if (run) await platform.call("run_stop", { run: run.run }).catch((e: unknown) => toasts.error("Stop", String(e)));
  }

  /** Asks for the last run of a flow, and takes over what is not known of it here. */
  async recall(flow: string): Promise<void> {
    const run = await platform.call("run_last", { flow }).catch(() => null);
    const known = this.byFlow[flow];
    if (!run || (known && known.run > run.run)) return;
    if (known?.run !== run.run) return this.#put(run);
    this.#put({
      ...known,
      outcome: known.outcome.state === "running" ? run.outcome : known.outcome,
      components: { ...run.components, ...known.components },
      log: run.log.length > known.log.length ? run.log : known.log,
    });
  }

  take(change: RunChanged): void {
    const before = this.byFlow[change.flow];
    if (before?.run !== change.run) {
      if (!before || change.run > before.run) void this.recall(change.flow);
      return;
    }
    this.#put({
      ...before,
      outcome: change.outcome,
      components: { ...before.components, ...change.components },
      log: [...before.log, ...change.log].slice(-1000),
    });
    const watched = this.watched[change.flow];
    if (watched && change.components[watched.component]) void this.watch(change.flow, watched);
  }

  /** Shows the first rows of a stream in the Run panel. */
  async watch(flow: string, stream: WatchedStream): Promise<void> {
    this.watched = { ...this.watched, [flow]: stream };
    const run = this.of(flow);
    this.rowsProblem = null;
    if (!run?.components[stream.component]?.outlets[stream.outlet]) {
      this.rows = null;
      return;
    }
    try {
      this.rows = await platform.call("run_stream", { run: run.run, ...stream });
    } catch (thrown) {
      this.rows = null;
      this.rowsProblem = CallError.from(thrown).message;
    }
  }

  #put(run: RunView): void {
    this.byFlow = { ...this.byFlow, [run.flow]: run };
  }
}
