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
  /** What was told of runs before that which it follows was known, by flow. */
  readonly #early = new Map<string, RunChanged[]>();
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
      this.#putNewer(await platform.call("run_start", asked));
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

  /** Asks for the last run of a flow, and goes on from there with what was told meanwhile. */
  async recall(flow: string): Promise<void> {
    const run = await platform.call("run_last", { flow }).catch(() => null);
    const early = this.#early.get(flow) ?? [];
    this.#early.delete(flow);
    if (run) this.#putNewer(run);
    for (const change of early) this.#follow(change);
  }

  /** Takes in what is told of a run. Events and answers come each on their own way, so that either may be first. */
  take(change: RunChanged): void {
    if (this.#follow(change)) return;
    const early = this.#early.get(change.flow);
    this.#early.set(change.flow, [...(early ?? []), change]);
    if (!early) void this.recall(change.flow);
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

  /** Puts a run as it is now; `changed` is what of it changed. */
  #put(run: RunView, changed: RunView["components"]): void {
    this.byFlow = { ...this.byFlow, [run.flow]: run };
    const watched = this.watched[run.flow];
    if (watched && changed[watched.component]) void this.watch(run.flow, watched, this.pointedAt);
  }

  /** Puts what an answer tells of a run, unless more is known already. */
  #putNewer(run: RunView): void {
    const known = this.byFlow[run.flow];
    if (!known || order(run, known) > 0) this.#put(run, run.components);
  }

  /** Takes in the change that comes after what is known, or is known already; answers whether it is one of these. */
  #follow(change: RunChanged): boolean {
    const known = this.byFlow[change.flow];
    if (!known) return false;
    if (order(change, known) <= 0) return true;
    if (change.run !== known.run || change.changes !== known.changes + 1) return false;
    const { changes, outcome } = change;
    const components = { ...known.components, ...change.components };
    const log = [...known.log, ...change.log].slice(-1000);
    this.#put({ ...known, changes, outcome, components, log }, change.components);
    return true;
  }
}

type Moment = Pick<RunView, "run" | "changes">;

/** Which of two tells of a later moment: positive where the first does. */
function order(one: Moment, other: Moment): number {
  return one.run - other.run || one.changes - other.changes;
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
