import { expect, test } from "vitest";
import { pastedTable } from "./pasted";

test("a table from a spreadsheet is taken apart", () => {
  expect(pastedTable("id\tid\r\ntotal\tamount * 2\r\n")).toEqual([
    ["id", "id"],
    ["total", "amount * 2"],
  ]);
  expect(pastedTable('a\t"x\ny ""z"""\nb\t')).toEqual([
    ["a", 'x\ny "z"'],
    ["b", ""],
  ]);
  expect(pastedTable("one\ntwo")).toEqual([["one"], ["two"]]);
});

test("a single value is no table", () => {
  expect(pastedTable("amount * 2")).toBeUndefined();
  expect(pastedTable('"quoted')).toBeUndefined();
});
