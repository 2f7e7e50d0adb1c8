import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { usePlatform, type DesignerEvent, type OutsideOutcome, type Platform } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import type { DrawnFlow } from "./flow.svelte";
import { changedOutside, saved, toldTogether } from "./neverLost";

type Outside = Extract<DesignerEvent, { event: "flow-changed-outside" }>;
const outside = (flow: string, outcome: OutsideOutcome): Outside => ({
  event: "flow-changed-outside",
  flow,
  outcome,
  words: ["added Log “Note”"],
});
const orders = { name: "orders", conflict: true, state: { dirty: true } } as DrawnFlow;
const titles = (): string[] => toasts.shown.map(({ title }) => title);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", { setTimeout });
});
afterEach(() => {
  vi.runAllTimers();
  vi.unstubAllGlobals();
});

test("what was merged with unsaved changes is told once, and asks to be saved until it is", () => {
  changedOutside(orders, outside("orders", "merged"));
  changedOutside(orders, outside("orders", "merged"));
  expect(titles()).toEqual(["orders is merged with changes from outside"]);
  expect(toasts.shown[0]?.text).toContain("Save to keep it");
  saved(orders, { flow: "orders", state: orders.state, tests: [] });
  expect(titles()).toEqual([]);
});

test("tests that got new names of components with a flow are named when it is saved", () => {
  saved(orders, { flow: "orders", state: orders.state, tests: ["import", "export"] });
  expect(titles()).toEqual(["2 flow tests of orders have the new names, too"]);
});

test("the flows that git changes when it is asked to are told with what was asked, also by an event that comes late", async () => {
  const late = (): void => changedOutside(orders, outside("orders", "merged"));
  usePlatform({ call: () => Promise.resolve(late()) } as unknown as Platform);
  const told = await toldTogether(() => {
    changedOutside(undefined, outside("rates", "followed"));
    return Promise.resolve("pulled");
  });
  expect(told).toEqual({ answer: "pulled", changed: "Changed here: rates, orders." });
  expect(titles()).toEqual([]);
  changedOutside(undefined, outside("rates", "followed"));
  expect(titles()).toEqual(["rates was changed outside of this window"]);
});
