import type { ComponentRun, DesignerEvent, Flow } from "../src/platform";

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Plays a run of the first components of a flow, which fails at its end; answers what the run looks like at first. */
export function playRun(
  run: number,
  flow: string,
  { document, revision }: { document: Flow; revision: number },
  tell: (event: DesignerEvent) => void,
): unknown {
  const order = Object.keys(document.components).slice(0, 7);
  let changes = 0;
  void (async () => {
    await wait(0);
    for (const id of order) {
      const show = (component: ComponentRun, message: string): void =>
        tell({
          event: "run-changed",
          run,
          flow,
          changes: ++changes,
          outcome: { state: "running" },
          components: { [id]: component },
          log: [{ at: Date.now(), component: id, failure: false, message }],
        });
      const started = { state: "running", attempt: 1, took: null, outlets: {}, note: null, failure: null } as const;
      show({ ...started, rows: null, iterations: null }, "started");
      if (document.components[id]?.type === "ForEach") {
        for (let done = 0; done <= 40; done += 8) {
          show({ ...started, rows: null, iterations: { done, of: 40 } }, `${done} iterations`);
          await wait(160);
        }
      }
      await wait(60);
      const outlets: ComponentRun["outlets"] =
        id === "valid" ? { out: { rows: 3213 }, rejected: { rows: 41 } } : { out: { rows: 3213 } };
      show(
        {
          state: "finished",
          attempt: 1,
          took: 41.3,
          rows: null,
          iterations: null,
          outlets,
          note: "3,213 records",
          failure: null,
        },
        "finished: 3,213 records",
      );
    }
    const last = "put" in document.components ? "tell" : "end";
    tell({
      event: "run-changed",
      run,
      flow,
      changes: ++changes,
      outcome: {
        state: "error",
        code: "http/status",
        message: "POST /imports answered 503 Service Unavailable.",
        component: last,
      },
      components: {
        [last]: {
          state: "failed",
          attempt: 1,
          took: 12,
          rows: null,
          iterations: null,
          outlets: {},
          note: "503 Service Unavailable",
          failure: {
            code: "http/status",
            message: "POST /imports answered 503 Service Unavailable.",
            property: null,
            row: null,
            handled: false,
            iteration: "",
          },
        },
      },
      log: [{ at: Date.now(), component: last, failure: true, message: "failed: 503 Service Unavailable" }],
    });
  })();
  return {
    run,
    flow,
    revision: revision,
    inputs: {},
    to: null,
    leftOut: [],
    started: Date.now(),
    changes,
    outcome: { state: "running" },
    components: {},
    log: [{ at: Date.now(), component: null, failure: false, message: "attempt 1 started" }],
  };
}
