import { expect, test } from "vitest";
import type { Drawing } from "./drawn";
import { inReadingOrder } from "./order";

const drawing = new Map(
  Object.entries({ below: [0, 200], right: [600, 0], middle: [300, 8], left: [0, 4] }).map(([id, [x, y]]) => [
    id,
    { id, place: { x, y } },
  ]),
) as unknown as Drawing;

test("components are read row by row and from left to right, though a row is not quite straight", () => {
  expect(inReadingOrder(["below", "right", "middle", "left"], drawing)).toEqual(["left", "middle", "right", "below"]);
});

test("components that are not drawn come last", () => {
  expect(inReadingOrder(["folded", "below", "left"], drawing)).toEqual(["left", "below", "folded"]);
});
