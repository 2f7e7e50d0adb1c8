import { designer } from "../designer.svelte";
import { canRun, hasFlow, whyNotRun, type Action } from "./action";

/** Running here. */
export const run = {
  run: {
    label: "Run",
    keys: "F5",
    why: whyNotRun,
    can: () => canRun() && !designer.runs.isRunning(designer.active?.name),
    do: () => designer.run(),
  },
  "run-to-here": {
    label: "Run to here",
    keys: "Shift+F6",
    why: whyNotRun,
    can: () => canRun() && designer.active?.selected.size === 1 && !designer.runs.isRunning(designer.active.name),
    do: () => designer.run([...(designer.active?.selected ?? [])][0]),
  },
  "ask-effects": {
    label: "Ask again before a run changes anything",
    can: hasFlow,
    do: () => designer.active && designer.runs.askAgain(designer.active.name),
  },
  "stop-run": {
    label: "Stop",
    keys: "Shift+F5",
    can: () => designer.runs.isRunning(designer.active?.name),
    do: () => designer.active && designer.runs.stop(designer.active.name),
  },
  problems: { label: "Problems", keys: "Ctrl+Shift+M", do: () => designer.window.showPanel("problems") },
  "next-problem": { label: "Go to the next problem", keys: "F7", can: hasFlow, do: nextProblem },
  streams: { label: "Streams", can: hasFlow, do: () => designer.window.showPanel("streams") },
  tests: { label: "Flow tests", can: () => !!designer.project, do: () => designer.window.showPanel("tests") },
  "run-tests": {
    label: "Run all flow tests",
    can: () => !!designer.project,
    do: () => (designer.window.showPanel("tests"), designer.tests.runAll()),
  },
} satisfies Record<string, Action>;

let visited = 0;

/** Goes from problem to problem of the flow in sight. */
function nextProblem(): void {
  const flow = designer.active;
  const problem = flow?.problems[visited++ % Math.max(1, flow.problems.length)];
  if (!flow || !problem) return;
  const { place } = problem;
  designer.goTo(flow, place.component ?? place.link?.to.component, place.property, place.text);
}
