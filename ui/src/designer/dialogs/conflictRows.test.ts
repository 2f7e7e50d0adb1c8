import { describe, expect, it } from "vitest";
import { partsOf, rowsOf } from "./conflictRows";

const field = (name: string, expression: string) => ({ expression, field: name });

describe("a list that both sides changed", () => {
  it("has a row for each entry, with what each side has of it", () => {
    const [a, b] = [field("a", "1"), field("b", "2")];
    const mine = field("a", "1 + 1");
    const found = rowsOf({ before: [a, b], mine: [mine, b], theirs: [field("c", "3"), a, b] });
    expect(found?.rows.map(({ id, same }) => ({ id, same }))).toEqual([
      { id: '"c"', same: false },
      { id: '"a"', same: false },
      { id: '"b"', same: true },
    ]);
    expect(found?.rows[1]?.entry).toEqual({ before: a, mine, theirs: a });
    expect(found?.rows[0]?.place).toEqual({ theirs: 1 });
    expect(found?.moved).toBe(false);
  });

  it("keeps what one side took out where it stood", () => {
    const found = rowsOf({ before: ["a", "b", "c"], mine: ["a", "c"], theirs: ["a", "b", "c", "d"] });
    expect(found?.rows.map(({ id }) => id)).toEqual(['"a"', '"b"', '"c"', '"d"']);
    expect(found?.rows[1]?.entry).toEqual({ before: "b", theirs: "b" });
  });

  it("has the same entry twice where it is there twice", () => {
    const found = rowsOf({ before: ["a"], mine: ["a", "a"], theirs: "the default" });
    expect(found?.rows.map(({ place }) => place)).toEqual([{ before: 1, mine: 1 }, { mine: 2 }]);
  });

  it("tells when only the order is another", () => {
    const found = rowsOf({ before: ["a", "b"], mine: ["b", "a"], theirs: ["a", "b"] });
    expect(found?.rows.every(({ same }) => same)).toBe(true);
    expect(found?.moved).toBe(true);
  });

  it("is none where no side has a list", () => {
    expect(rowsOf({ before: "x", mine: "y", theirs: "the default" })).toBeUndefined();
  });
});

describe("an entry", () => {
  it("is said by its members, its name first, with what was changed", () => {
    expect(partsOf(field("a", "1 + 1"), field("a", "1"))).toEqual([
      { key: "field", text: "a", changed: false },
      { key: "expression", text: "1 + 1", changed: true },
    ]);
  });

  it("names what is not set any more", () => {
    expect(partsOf({ name: "day" }, { name: "day", default: "" })).toEqual([
      { key: "name", text: "day", changed: false },
      { key: "default", text: "not set", changed: true },
    ]);
  });

  it("is new as a whole where it was not there before", () => {
    expect(partsOf("a", undefined)).toEqual([{ key: undefined, text: "a", changed: true }]);
    expect(partsOf({ name: "", left: 3 }, undefined).map(({ text, changed }) => [text, changed])).toEqual([
      ["empty", true],
      ["3", true],
    ]);
  });
});
