import { describe, expect, it } from "vitest";
import type { Request } from "../generated/types";
import { chartOf, drawnBars, latestActivity, ticks, type Bar } from "./timeline";

const at = (second: number): string => new Date(second * 1000).toISOString();
const owner = (server: string, epoch = 1) => ({ server, name: server.toUpperCase(), epoch });
const request = (id: number, attempts: object[], state = "Finished"): Request =>
  ({ id, state, attempts, created: at(0), updated: at(9), ended: state === "Finished" ? at(9) : undefined }) as never;
const lost = { attempt: 1, owner: owner("a"), started: at(0), ended: at(4), end: "ownerLost" };
const after = { attempt: 2, owner: owner("b"), started: at(5), ended: at(9), end: "finished" };

describe("the timeline", () => {
  it("draws a takeover as requests that change lanes together", () => {
    const { lanes, hops, takeovers } = chartOf([request(1, [lost, after]), request(2, [lost, after])], [], 10_000, 10);
    expect(lanes.map(({ name, rows }) => [name, rows])).toEqual([
      ["A", 2],
      ["B", 2],
    ]);
    expect(hops.map(({ takeover }) => takeover)).toEqual([true, true]);
    expect(takeovers).toEqual([{ at: 4000, dead: "A", survivor: "B", count: 2 }]);
  });

  it("keeps the attempts of one owner on one lane, and the pause between them", () => {
    const failed = { attempt: 1, owner: owner("a"), started: at(0), ended: at(2), end: "failed" };
    const again = { attempt: 2, owner: owner("a"), started: at(6) };
    const { stays, hops } = chartOf([request(1, [failed, again], "Running")], [], 8000, 10);
    expect(stays).toHaveLength(1);
    expect(stays[0]?.bars.map(({ look, open }) => [look, open])).toEqual([
      ["failed", false],
      ["running", true],
    ]);
    expect(hops).toEqual([]);
  });

  it("draws many short attempts that ended in the same way as one", () => {
    const bar = (attempt: number, from: number, to: number, look: Bar["look"] = "failed"): Bar => ({
      ...{ attempt, last: attempt, from, to, look, open: look === "running" },
    });
    const bars = [bar(1, 0, 5), bar(2, 6, 9), bar(3, 12, 14), bar(4, 40, 42), bar(5, 44, 46, "lost"), bar(6, 47, 90)];
    const drawn = drawnBars([...bars, bar(7, 91, 93, "running")], 10);
    expect(drawn.map(({ attempt, last, from, to }) => [attempt, last, from, to])).toEqual([
      [1, 3, 0, 14],
      [4, 4, 40, 42],
      [5, 5, 44, 46],
      [6, 6, 47, 90],
      [7, 7, 91, 93],
    ]);
  });

  it("shows the latest burst of activity, and not what was long before", () => {
    const old = { ...request(1, []), created: at(0), ended: at(1) };
    const late = { ...request(2, []), created: at(1000), ended: at(1010) };
    const [from, to] = latestActivity([old, late], 2_000_000, 30_000);
    expect(from).toBeGreaterThan(900_000);
    expect(to).toBeGreaterThan(1_010_000);
  });

  it("marks round moments only, and not too many", () => {
    const marks = ticks(1_000, 61_000, 6);
    expect(marks.length).toBeLessThanOrEqual(7);
    expect(marks.every(({ at: moment }) => moment % 10_000 === 0)).toBe(true);
  });
});
