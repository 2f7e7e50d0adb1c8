import { expect, test } from "vitest";
import { purposeAt } from "./linking";

test("what is offered at an end of a link is said by what that end is for", () => {
  const said = ["out", "rejected", "error", "always"].map((port) =>
    purposeAt({ component: "a", port, way: "out" }, "Read"),
  );
  expect(said).toEqual([
    "What follows Read",
    "What follows Read",
    "What handles an error of Read",
    "What follows Read in any case",
  ]);
  expect(purposeAt({ component: "a", port: "in", way: "in" }, "Read")).toBe("What leads to Read");
});
