import { describe, expect, it } from "vitest";
import type { MetricsHistory, ServerMetrics } from "../../generated/types";
import { areaOf, lastOf, pathOf } from "../../shared/lines";
import { levels, plotsOf, sinceKnown, spanOf } from "./plots";

const nothing = [null, null, null];
const server = (id: string, figures: Partial<ServerMetrics>): ServerMetrics => ({
  id,
  name: id.toUpperCase(),
  created: nothing,
  finished: nothing,
  failed: nothing,
  attempts: nothing,
  commits: nothing,
  commands: nothing,
  committing: nothing,
  cores: nothing,
  memory: nothing,
  ...figures,
});
const owner = (id: string) => ({ server: id, name: id.toUpperCase(), epoch: 1 });
const history: MetricsHistory = {
  from: "2026-03-01T12:00:00Z",
  step: 10,
  points: 3,
  requests: { queued: [0, 1, 2], running: nothing, waiting: nothing, waitingForRetry: nothing },
  servers: [
    server("a", { created: [1, 2, null], commits: [2, 0, null], commands: [8, 0, null] }),
    server("b", { created: [null, 3, 4], commits: [null, 1, 1], commands: [null, 1, 5] }),
  ],
  takeovers: [{ at: "2026-03-01T12:00:21Z", dead: owner("a"), survivor: owner("b"), requests: 7 }],
};
const lines = (id: string, of = history) =>
  plotsOf(of)
    .find((plot) => plot.id === id)
    ?.lines.map(({ title, values }) => [title, values]);

describe("the plots", () => {
  it("show each server, and the sum of those that are there", () => {
    expect(lines("created")).toEqual([
      ["Sum", [1, 5, 4]],
      ["A", [1, 2, null]],
      ["B", [null, 3, 4]],
    ]);
    const alone = { ...history, servers: history.servers.slice(0, 1) };
    expect(lines("created", alone)).toEqual([["A", [1, 2, null]]]);
  });

  it("show how many writes one commit holds, and nothing where there was none", () => {
    expect(lines("batch")).toEqual([
      ["All together", [4, 1, 5]],
      ["A", [4, null, null]],
      ["B", [null, 1, 5]],
    ]);
  });

  it("show a takeover at its time, with its survivor", () => {
    expect(lines("takeovers")).toEqual([["B", [null, null, 7]]]);
    expect(lines("takeovers", { ...history, takeovers: [] })).toEqual([]);
  });

  it("begin where something is known of a young cluster", () => {
    const points = 100;
    const known = (from: number) => Array.from({ length: points }, (_, at) => (at < from ? null : at));
    const young = (from: number): MetricsHistory => ({
      ...history,
      points,
      requests: { queued: known(from), running: known(from), waiting: known(from), waitingForRetry: known(from) },
      servers: [server("a", { memory: known(from) }), server("b", { memory: known(from + 5) })],
    });
    const seen = sinceKnown(young(60));
    expect([seen.points, seen.from, seen.servers[1]?.memory.length]).toEqual([41, "2026-03-01T12:09:50.000Z", 41]);
    expect(seen.requests.queued.slice(0, 2)).toEqual([null, 60]);
    expect(seen.takeovers).toEqual(history.takeovers);
    expect(sinceKnown(young(98)).points).toBe(30);
    expect(sinceKnown(young(0)).points).toBe(100);
  });

  it("end a line where its server was lost", () => {
    expect(lastOf([1, 2, null])).toBe(1);
    expect(lastOf(nothing)).toBe(-1);
    const [x, y] = [(at: number) => at, (value: number) => -value];
    expect(pathOf([1, 2, null, 3, null], x, y)).toBe("M0.0 -1.0L1.0 -2.0M3.0 -3.0h0.01");
    expect(areaOf([null, 2, 1, null], x, y)).toBe("M1.0 0.0L1.0 -2.0L2.0 -1.0L2.0 0.0Z");
  });
});

describe("an axis", () => {
  it("has a few round values that reach over everything", () => {
    for (const most of [0.1, 0.7, 1, 3.2, 9.9, 10, 47, 99, 1234, 5e7, 123_456_789]) {
      const found = levels(most);
      expect(found[0]).toBe(0);
      expect(found.at(-1)).toBeGreaterThanOrEqual(most);
      expect(found.length).toBeGreaterThanOrEqual(3);
      expect(found.length).toBeLessThanOrEqual(5);
    }
    expect(levels(10)).toEqual([0, 5, 10]);
  });
});

describe("the address", () => {
  it("names a span of time, the last hour if it does not", () => {
    expect([spanOf("6h"), spanOf("24h"), spanOf(null), spanOf("year")]).toEqual(["6h", "24h", "1h", "1h"]);
  });
});
