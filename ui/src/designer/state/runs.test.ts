import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ComponentRun, RunChanged, RunView } from "../../platform";

const answers: ((run: RunView) => void)[] = [];
vi.mock("../../platform", () => ({
  CallError: { from: (thrown: unknown) => thrown },
  platform: { call: () => new Promise((answer) => answers.push(answer)) },
}));
vi.mock("../../shared/toasts.svelte", () => ({ toasts: {} }));
const { Runs } = await import("./runs.svelte");

const at = (rows: number | null) => ({ outlets: rows === null ? {} : { out: { rows } } }) as unknown as ComponentRun;
const change = (changes: number, component: string, rows: number | null, state = "running"): RunChanged =>
  ({ run: 1, flow: "prices", changes, outcome: { state }, components: { [component]: at(rows) }, log: [] }) as never;
const view = (changes: number, components: Record<string, ComponentRun>): RunView =>
  ({ run: 1, flow: "prices", changes, outcome: { state: "running" }, components, log: [] }) as never;
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

/** How many records left a component, as far as is known. */
const rowsOf = (runs: InstanceType<typeof Runs>, component: string): number | null | undefined =>
  runs.of("prices")?.components[component]?.outlets["out"]?.rows;

describe("a run", () => {
  beforeEach(() => void (answers.length = 0));

  it("is followed from change to change", async () => {
    const runs = new Runs();
    const started = runs.start({ flow: "prices", inputs: {} });
    answers.shift()?.(view(0, {}));
    await started;
    runs.take(change(1, "read", null));
    runs.take(change(2, "read", 3, "finished"));
    expect(rowsOf(runs, "read")).toBe(3);
    expect(runs.isRunning("prices")).toBe(false);
    expect(answers).toHaveLength(0);
  });

  it("is known whole when its events come before the answers, and answers are old when they come", async () => {
    const runs = new Runs();
    const started = runs.start({ flow: "prices", inputs: {} });
    runs.take(change(1, "read", null));
    runs.take(change(2, "read", 3));
    const [start, last] = answers;
    expect(answers).toHaveLength(2);
    last?.(view(1, { read: at(null) }));
    await settled();
    runs.take(change(3, "map", 3, "finished"));
    start?.(view(0, {}));
    await started;
    expect(rowsOf(runs, "read")).toBe(3);
    expect(rowsOf(runs, "map")).toBe(3);
    expect(runs.isRunning("prices")).toBe(false);
  });

  it("is asked for when events are missing", async () => {
    const runs = new Runs();
    const started = runs.start({ flow: "prices", inputs: {} });
    answers.shift()?.(view(0, {}));
    await started;
    runs.take(change(4, "map", 3));
    runs.take(change(3, "map", null));
    answers.shift()?.(view(3, { read: at(3), map: at(null) }));
    await settled();
    expect([rowsOf(runs, "read"), rowsOf(runs, "map")]).toEqual([3, 3]);
    expect(answers).toHaveLength(0);
  });
});
