import { beforeEach, expect, it, vi } from "vitest";
import {
  usePlatform,
  type Component,
  type FlowChange,
  type FlowChecked,
  type FlowView,
  type Platform,
} from "../../platform";
import { DrawnFlow } from "./flow.svelte";

vi.mock("../../shared/afterPaint", () => ({ painted: () => Promise.resolve() }));

const component = (name: string): Component => ({ type: "Log", name, properties: {} });
const all = { read: component("Read"), write: component("Write") };
const opened = {
  flow: "orders",
  document: { description: "", components: all, links: [], groups: {}, layout: {} },
  views: {},
  state: { revision: 0, dirty: false, journaled: true, undo: null, redo: null },
  diagnostics: [],
  checked: null,
  recovered: false,
  conflict: false,
} satisfies FlowView;

/** A change that leads to a revision, and the patch of what it takes away or brings back. */
function change(revision: number, undo: string | null, patch: Partial<FlowChange["patch"]>): FlowChange {
  const nothing = { components: {}, removedComponents: [], links: [], removedLinks: [], groups: {}, removedGroups: [] };
  return {
    flow: "orders",
    base: revision - 1,
    state: { revision, dirty: true, journaled: true, undo, redo: null },
    patch: { ...nothing, layout: {}, ...patch },
    views: {},
    diagnostics: [],
  };
}
const removed = change(1, "Remove “Write”", { removedComponents: ["write"] });
const broughtBack = change(2, null, { components: { write: all.write } });

/** The calls that the host has yet to answer, in their order. */
let asked: { name: string; answer: (reply: FlowChange | FlowView) => void }[] = [];
const calls = (): string[] => asked.map(({ name }) => name);
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));
async function answer(reply: FlowChange | FlowView, place = 0): Promise<void> {
  asked.splice(place, 1)[0]?.answer(reply);
  await settled();
}

beforeEach(() => {
  asked = [];
  const call = (name: string): Promise<unknown> => new Promise((answer) => asked.push({ name, answer }));
  usePlatform({ call } as unknown as Platform);
});

/** A flow whose removal of a component is undone before the host has answered the removal, which it now has. */
async function undone(): Promise<{ flow: DrawnFlow; components: () => string[] }> {
  const flow = new DrawnFlow(opened);
  const components = (): string[] => Object.keys(flow.document.components).sort();
  void flow.edit({ edit: "removeComponent", id: "write" });
  await settled();
  expect(components()).toEqual(["read"]);
  void flow.undo();
  await settled();
  expect(calls()).toEqual(["flow_apply_edit"]);
  await answer(removed);
  return { flow, components };
}

it("keeps showing what is undone when the event of the edit comes after its reply", async () => {
  const { flow, components } = await undone();
  expect([components(), calls()]).toEqual([["read", "write"], ["flow_undo"]]);
  flow.take(removed);
  expect(components()).toEqual(["read", "write"]);
  await answer(broughtBack);
  flow.take(broughtBack);
  expect(components()).toEqual(["read", "write"]);
  expect([flow.state.revision, flow.state.undo, flow.isAsking]).toEqual([2, null, false]);
});

it("shows the flow as the host has it when what was asked for changed nothing", async () => {
  const { flow, components } = await undone();
  await answer({ ...removed, base: 1 });
  expect(components()).toEqual(["read"]);
  expect(flow.isAsking).toBe(false);
});

it("shows a change once when its event comes before its reply", async () => {
  const flow = new DrawnFlow(opened);
  void flow.edit({ edit: "removeComponent", id: "write" });
  await settled();
  flow.take(removed);
  await answer(removed);
  expect(Object.keys(flow.document.components)).toEqual(["read"]);
  expect([flow.state.revision, flow.said]).toEqual([1, "Remove “Write”"]);
});

it("reads the whole flow again when a change is answered that it was read before", async () => {
  const flow = new DrawnFlow(opened);
  void flow.reload();
  void flow.edit({ edit: "removeComponent", id: "write" });
  await settled();
  expect(calls()).toEqual(["flow_open", "flow_apply_edit"]);
  await answer(removed, 1);
  await answer(opened);
  expect([Object.keys(flow.document.components), flow.state.revision, calls()]).toEqual([["read"], 1, ["flow_open"]]);
  const document = { ...opened.document, components: { read: component("Renamed") } };
  await answer({ ...opened, document, state: { ...removed.state, revision: 2 } });
  expect([flow.document.components["read"]?.name, flow.state.revision, calls()]).toEqual(["Renamed", 2, []]);
});

it("reads the whole flow again when a check is heard of that it was read before", async () => {
  const flow = new DrawnFlow(opened);
  const check: FlowChecked = { flow: "orders", number: 1, revision: 0, diagnostics: [], fields: {}, expressions: {} };
  void flow.reload();
  flow.takeChecked(check);
  await answer(opened);
  expect([flow.checked, calls()]).toEqual([check, ["flow_open"]]);
  await answer({ ...opened, checked: { ...check, number: 2 } });
  expect([flow.checked?.number, calls()]).toEqual([2, []]);
});

it("takes the whole flow of a host that was started anew, which counts from the beginning", async () => {
  const flow = new DrawnFlow({ ...opened, state: { ...opened.state, revision: 7 } });
  void flow.reload();
  await answer(opened);
  expect([flow.state.revision, calls()]).toEqual([0, []]);
});
