import { expect, test } from "vitest";
import { changedTest, readTest } from "./flowTest";

test("what the form of a flow test changes leaves the rest of its file as it is", () => {
  const content = JSON.stringify({ flow: "orders", timeout: 5 });
  const about = changedTest(content, "about", '"Two orders"');
  expect(readTest(about)).toEqual({ flow: "orders", about: "Two orders" });
  expect(Object.keys(JSON.parse(about) as object)).toEqual(["about", "flow", "timeout"]);
  expect(JSON.parse(changedTest(about, "about", '""'))).toEqual({ flow: "orders", timeout: 5 });
  expect(readTest("{")).toBeUndefined();
  expect(changedTest("{", "about", '"x"')).toBe("{");
});
