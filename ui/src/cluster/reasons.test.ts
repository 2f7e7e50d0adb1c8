import { describe, expect, it } from "vitest";
import type { Misfit, Skipped } from "../generated/types";
import { named, reasonsOf } from "./reasons";

function misfit(number: number, message: string): Misfit {
  return { number, points: 1, component: "saved-1", name: "Reckoned", reason: "otherId", message };
}

const unfit = (id: number, what: Partial<Skipped>): Skipped => ({
  id,
  code: "request/version-does-not-fit",
  message: `what request ${id} has saved does not fit`,
  ...what,
});

describe("the reasons why something is not done to requests", () => {
  it("are told once for all that have the same, whichever of their saved points it is", () => {
    const moved = "“Reckoned” (saved-1) has the id saved-2 now";
    const reasons = reasonsOf([
      unfit(9, { misfits: [misfit(1, moved)] }),
      unfit(8, { misfits: [misfit(4, moved)] }),
      unfit(7, { misfits: [misfit(1, moved)], inputs: "“country”: is missing" }),
    ]);
    expect(reasons.map(({ ids, misfits }) => ({ ids, misfits }))).toEqual([
      { ids: [9, 8], misfits: [moved] },
      { ids: [7], misfits: ["“country”: is missing", moved] },
    ]);
  });

  it("are not mixed up when the same code has another message", () => {
    const state = (id: number, state: string): Skipped => ({
      id,
      code: "request/state",
      message: `request ${id} is ${state}`,
    });
    const reasons = reasonsOf([state(17, "Finished"), state(1, "Running"), state(71, "Finished")]);
    expect(reasons.map(({ ids, message }) => [ids, message])).toEqual([
      [[17, 71], "request 17 is Finished"],
      [[1], "request 1 is Running"],
    ]);
  });

  it("name as many requests as a person reads", () => {
    expect(named([3, 2])).toBe("3, 2");
    const many = Array.from({ length: 1012 }, (_, at) => at + 1);
    expect(named(many)).toBe("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 1,000 more");
  });
});
