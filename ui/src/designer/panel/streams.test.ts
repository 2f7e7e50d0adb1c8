import { expect, test } from "vitest";
import { asTabSeparated, matching } from "./streams";

const fields = ["id", "note"].map((name) => ({ name, type: "text", nullable: true }));
const rows = [
  { id: "1", note: "plain" },
  { id: "2", note: 'a\t"b"' },
  { id: null, note: { deep: "Plain" } },
];

test("records are copied as spreadsheets take them", () => {
  expect(asTabSeparated(fields, rows)).toBe('id\tnote\n1\tplain\n2\t"a\t""b"""\n\t"{""deep"":""Plain""}"');
});

test("a search looks into every field and keeps the numbers", () => {
  expect(matching(rows, "plain").map(({ index }) => index)).toEqual([0, 2]);
  expect(matching(rows, " ")).toHaveLength(3);
});
