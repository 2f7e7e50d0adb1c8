import { expect, test } from "vitest";
import { enclosingCall } from "./signature";

test("the call around the place that is typed at is found, with its argument", () => {
  expect(enclosingCall("round(amount, ")).toEqual({ name: "round", at: 0, argument: 1 });
  expect(enclosingCall("1 + substr(upper(name), 2, ")).toEqual({ name: "substr", at: 4, argument: 2 });
  expect(enclosingCall("concat('a, b', (x + ")).toEqual({ name: "concat", at: 0, argument: 1 });
  expect(enclosingCall("round(amount, 2) + ")).toBeUndefined();
});
