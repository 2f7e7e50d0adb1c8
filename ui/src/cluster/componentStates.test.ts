import { describe, expect, it } from "vitest";
import type { LogEntry, RequestDetail } from "../generated/types";
import { componentStates, stalledAt } from "./componentStates";

const entry = (number: number, event: string, component: string, attempt = 1, message = component): LogEntry => ({
  number,
  at: "2026-03-01T12:00:00Z",
  attempt,
  server: "one",
  level: "info",
  component,
  event,
  message,
});
const detail = (state: string, attempt: number, saved: object[] = []): RequestDetail =>
  ({ request: { state, attempt }, savedPoints: saved }) as unknown as RequestDetail;

describe("where the components of a request stand", () => {
  it("is told by the last that the log says of each", () => {
    const log = [
      entry(1, "component-started", "read"),
      entry(2, "component-finished", "read", 1, "Read orders: 885 records"),
      entry(3, "component-started", "send"),
    ];
    const states = componentStates(detail("Running", 1), log);
    expect(states.get("read")).toMatchObject({ state: "finished", note: "885 records" });
    expect(states.get("send")?.state).toBe("running");
    expect(states.has("end")).toBe(false);
  });

  it("is stalled for as long as the request is", () => {
    const log = [
      entry(1, "component-started", "call"),
      entry(2, "stalled", "call", 1, "no progress for 30 s: nothing"),
    ];
    const stalled = detail("Running", 1);
    stalled.request.stalled = "2026-03-01T12:00:00Z";
    expect(componentStates(stalled, log).get("call")).toMatchObject({ state: "stalled", note: "" });
    expect(stalledAt(log)).toBe("call");
    expect(componentStates(detail("Running", 1), log).get("call")?.state).toBe("running");
    expect(componentStates(detail("Running", 2), log).get("call")?.state).toBe("interrupted");
  });

  it("is interrupted when the attempt that ran it is over", () => {
    const log = [entry(1, "component-started", "send", 1)];
    expect(componentStates(detail("Running", 2), log).get("send")?.state).toBe("interrupted");
    expect(componentStates(detail("Cancelled", 1), log).get("send")?.state).toBe("interrupted");
  });

  it("is failed for what the request ended with, also before the log was read", () => {
    const failed = detail("Error", 3);
    const states = componentStates(
      { ...failed, request: { ...failed.request, error: { component: "read" } } } as never,
      [],
    );
    expect(states.get("read")).toMatchObject({ state: "failed", attempts: [3] });
  });

  it("is finished for a checkpoint that was saved, whatever the log says", () => {
    const saved = [{ component: "checkpoint", kind: "checkpoint", rows: 1 }];
    const states = componentStates(detail("Running", 2, saved), [entry(1, "component-started", "checkpoint", 1)]);
    expect(states.get("checkpoint")).toMatchObject({ state: "finished", saved: true, note: "saved 1 record" });
  });
});
