import { CallError, platform, type RunView, type TestOutcome, type TestSummary } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { designer } from "./designer.svelte";

/** How many tests run at once. */
const AT_ONCE = 2;

/** The flow tests of the project, and how they went when they last ran here. */
export class FlowTests {
  list = $state.raw<TestSummary[]>([]);
  results = $state.raw<Record<string, TestOutcome>>({});
  running = $state.raw<ReadonlySet<string>>(new Set());
  /** The test whose result is looked at. */
  chosen = $state<string | null>(null);
  failure = $state<string | null>(null);
  #stopped = false;

  readonly failed = $derived(this.list.filter(({ name }) => this.results[name]?.passed === false).length);
  readonly passed = $derived(this.list.filter(({ name }) => this.results[name]?.passed === true).length);

  async refresh(): Promise<void> {
    try {
      this.list = await platform.call("test_list", {});
      this.failure = null;
    } catch (thrown) {
      this.list = [];
      this.failure = CallError.from(thrown).message;
    }
  }

  async run(name: string): Promise<void> {
    if (this.running.has(name)) return;
    this.running = new Set([...this.running, name]);
    try {
      const outcome = await platform.call("test_run", { name });
      // Others have ended meanwhile.
      this.results = { ...this.results, [name]: outcome };
    } catch (thrown) {
      toasts.error(`${name} could not be run`, CallError.from(thrown).message);
    } finally {
      this.running = new Set([...this.running].filter((other) => other !== name));
    }
  }

  /** Runs all tests, a few at once; the first that fails comes into sight. */
  async runAll(): Promise<void> {
    await this.refresh();
    this.#stopped = false;
    const left = this.list.filter(({ problem }) => problem === null).map(({ name }) => name);
    const work = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined && !this.#stopped; name = left.shift()) await this.run(name);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const wrong = this.list.find(({ name }) => this.results[name]?.passed === false);
    if (wrong) this.chosen = wrong.name;
  }

  /** Lets those that run come to their end and starts no other. */
  stop(): void {
    this.#stopped = true;
  }

  /** Makes a test of a run, to be looked over before it is written. */
  async draftFrom(run: RunView): Promise<void> {
    try {
      const draft = await platform.call("test_from_run", { run: run.run });
      designer.window.open({ kind: "flow-test", draft });
    } catch (thrown) {
      designer.fail("No test could be made", thrown);
    }
  }

  /** Writes a test; answers the error, if there was one. */
  async save(name: string, content: string, isNew: boolean): Promise<CallError | undefined> {
    try {
      await platform.call("test_save", { name, content, ...(isNew ? { new: true } : {}) });
    } catch (thrown) {
      return CallError.from(thrown);
    }
    this.results = Object.fromEntries(Object.entries(this.results).filter(([other]) => other !== name));
    await this.refresh();
    this.chosen = name;
    return undefined;
  }

  async remove(name: string): Promise<undefined> {
    await platform.call("test_delete", { name });
    await this.refresh();
  }
}
