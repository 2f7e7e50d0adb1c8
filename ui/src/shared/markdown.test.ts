import { expect, test } from "vitest";
import { parseInline, parseMarkdown } from "./markdown";

test("headings, lists and paragraphs of a note stand apart", () => {
  const blocks = parseMarkdown("# Nightly\nruns at *two*\n1. read\n2. write\n\n- a\n- b");
  expect(blocks.map(({ kind }) => kind)).toEqual(["heading", "paragraph", "list", "list"]);
  expect(blocks[2]).toMatchObject({ ordered: true, items: [[{ text: "read" }], [{ text: "write" }]] });
  expect(blocks[3]).toMatchObject({ ordered: false });
});

test("a number that begins a sentence is no list", () => {
  expect(parseMarkdown("2024.5 is a version")).toMatchObject([{ kind: "paragraph" }]);
  expect(parseMarkdown("#42 is the ticket")).toMatchObject([{ kind: "paragraph" }]);
});

test("only web addresses are links", () => {
  expect(parseInline("see [the page](https://example.org/a_b?c=1) and [this](javascript:alert(1))")).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", text: "the page", to: "https://example.org/a_b?c=1" },
    { kind: "text", text: " and [this](javascript:alert(1))" },
  ]);
});
