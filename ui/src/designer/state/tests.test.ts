import { expect, it, vi } from "vitest";

const ends: Record<string, () => void> = {};
vi.mock("../../platform", () => ({
  CallError: { from: (thrown: unknown) => thrown },
  platform: {
    call: (command: string, { name }: { name: string }) =>
      command === "test_list"
        ? Promise.resolve(["long", "short", "last"].map((test) => ({ name: test, problem: null })))
        : new Promise((answer) => (ends[name] = () => answer({ name, passed: name !== "last" }))),
  },
}));
vi.mock("../../shared/toasts.svelte", () => ({ toasts: {} }));
vi.mock("./designer.svelte", () => ({ designer: {} }));
const { FlowTests } = await import("./tests.svelte");

const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

it("keeps every result of tests that run at once, whichever ends first", async () => {
  const tests = new FlowTests();
  const all = tests.runAll();
  await settled();
  expect([...tests.running]).toEqual(["long", "short"]);
  for (const name of ["short", "last", "long"]) {
    ends[name]?.();
    await settled();
  }
  await all;
  expect([tests.passed, tests.failed, tests.chosen]).toEqual([2, 1, "last"]);
});
