import {
  CallError,
  platform,
  type JsonValue,
  type RunChanged,
  type RunEffect,
  type RunView,
  type StreamView,
} from "../../platform";
import { recall, remember } from "../../shared/memory";
import { toasts } from "../../shared/toasts.svelte";

/** Which stream of a run is looked at. */
export interface WatchedStream {
  component: string;
  outlet: string;
}

/** What of a flow is to run. */
export interface RunWish {
  flow: string;
  inputs: Record<string, JsonValue>;
  /** Only up to this component. */
  to?: string | undefined;
  /** Without what changes the world. */
  withoutEffects?: boolean;
}

/** The last local run of each open flow. */
export class Runs {
  byFlow = $state.raw<Record<string, RunView>>({});
  /** The stream that the Run panel shows, by flow. */
  watched = $state.raw<Record<string, WatchedStream>>({});
  rows = $state.raw<StreamView | null>(null);
  rowsProblem = $state<string | null>(null);
  starting = $state(false);
  /** The record of a stream that is pointed at, from 1. */
  pointedAt = $state<number | null>(null);
  /** What was typed into the inputs forms, by the place where it is remembered. */
  #inputs = $state.raw<Record<string, Record<string, JsonValue>>>({});
  /** What was answered when a run was about to change the world, by flow: for these effects, with or without them. */
  #answers = new Map<string, { effects: string; without: boolean }>();

  of(flow: string | undefined): RunView | undefined {
    return flow === undefined ? undefined : this.byFlow[flow];
  }

  isRunning(flow: string | undefined): boolean {
    return this.of(flow)?.outcome.state === "running";
  }

  /** What was last given to a flow of a project. */
  inputsOf(project: string, flow: string): Record<string, JsonValue> {
    return this.#inputs[placeOf(project, flow)] ?? recalled(placeOf(project, flow));
  }

  /** Notes what is to be given to a flow; it is remembered for the next time. */
  setInput(project: string, flow: string, name: string, value: JsonValue | undefined): void {
    const others = Object.entries(this.inputsOf(project, flow)).filter(([key]) => key !== name);
    const inputs = Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
    this.#inputs = { ...this.#inputs, [placeOf(project, flow)]: inputs };
    remember(placeOf(project, flow), JSON.stringify(inputs));
  }

  /** What a run would change, unless that has been answered for in this session: then the answer. */
  async effectsToAsk(flow: string, to?: string): Promise<{ ask: RunEffect[]; without: boolean }> {
    const effects = await platform.call("run_effects", { flow, ...(to ? { to } : {}) });
    const answer = this.#answers.get(flow);
    if (effects.length === 0) return { ask: [], without: false };
    return answer?.effects === nameOf(effects)
      ? { ask: [], without: answer.without }
      : { ask: effects, without: false };
  }

  /** Remembers for the session what was answered. */
  answer(flow: string, effects: readonly RunEffect[], without: boolean): void {
    this.#answers.set(flow, { effects: nameOf(effects), without });
  }

  /** Has the next run of a flow ask again. */
  askAgain(flow: string): void {
    this.#answers.delete(flow);
  }

  async start({ flow, inputs, to, withoutEffects }: RunWish): Promise<CallError | undefined> {
    this.starting = true;
    this.rows = null;
    this.pointedAt = null;
    try {
      const asked = { flow, inputs, ...(to ? { to } : {}), ...(withoutEffects ? { withoutEffects } : {}) };
      this.#put(await platform.call("run_start", asked));
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
    if (watched && change.components[watched.component]) void this.watch(change.flow, watched, this.pointedAt);
  }

  /** Shows the first rows of a stream; points at one of them if it is given. */
  async watch(flow: string, stream: WatchedStream, row: number | null = null): Promise<void> {
    this.watched = { ...this.watched, [flow]: stream };
    this.pointedAt = row;
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

function placeOf(project: string, flow: string): string {
  return `run.inputs.${project}:${flow}`;
}

function recalled(place: string): Record<string, JsonValue> {
  try {
    const value: unknown = JSON.parse(recall(place) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, JsonValue>) : {};
  } catch {
    return {};
  }
}

/** What effects are the same as others. */
function nameOf(effects: readonly RunEffect[]): string {
  return JSON.stringify(
    effects.map(({ component, type, what, place, called }) => [component, type, what, place, called]),
  );
}
