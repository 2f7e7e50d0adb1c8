import { describe, expect, it } from "vitest";
import { spliced } from "./requestRows.svelte";

const rows = (...ids: number[]) => ids.map((id) => ({ id, old: true }));
const read = (...ids: number[]) => ids.map((id) => ({ id, old: false }));
const ids = (found: { id: number; old: boolean }[]) => found.map(({ id, old }) => `${id}${old ? "" : "!"}`).join(" ");

describe("rows read anew", () => {
  it("take the place of what was there, and leave the rest", () => {
    expect(ids(spliced(rows(9, 8, 7, 6, 5), 8, read(7, 6), false))).toBe("9 8 7! 6! 5");
  });

  it("bring in what came between, and take out what no longer fits", () => {
    expect(ids(spliced(rows(9, 7, 5, 3), 9, read(8, 7, 4), false))).toBe("9 8! 7! 4! 3");
  });

  it("at the top stand before all others, also when some between are not known yet", () => {
    expect(ids(spliced(rows(9, 8, 7), undefined, read(20, 19), false))).toBe("20! 19! 9 8 7");
  });

  it("end the list where there is nothing more", () => {
    expect(ids(spliced(rows(9, 8, 7, 6), 9, read(8), true))).toBe("9 8!");
    expect(ids(spliced(rows(9, 8), undefined, [], true))).toBe("");
  });
});
