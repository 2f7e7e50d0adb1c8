import { expect, test } from "vitest";
import type { Flow } from "../../platform";
import { inputValue } from "../inspector/editors/rows";
import { inputsOf, wrongInput } from "./inputs";

test("the inputs of a flow are those that its Start declares, and values must have their types", () => {
  const properties = {
    Inputs: [{ name: "month", type: "Text" }, { name: "factor", type: "Integer", default: 2 }, { type: "Text" }],
  };
  const flow = { components: { a: { type: "Start", name: "Start", properties } } } as unknown as Flow;
  const [month, factor] = inputsOf(flow);
  expect(inputsOf(flow)).toHaveLength(2);
  if (!month || !factor) throw new Error("both are declared");
  expect(wrongInput(month, undefined)).toContain("required");
  expect(wrongInput(month, "1997-01")).toBeUndefined();
  expect(wrongInput(factor, undefined)).toBeUndefined();
  expect(wrongInput(factor, "many")).toContain("whole number");
  expect(wrongInput(factor, 1.5)).toContain("whole number");
});

test("a whole number that would be rounded is refused rather than changed", () => {
  const count = { name: "count", type: "Integer", fallback: undefined };
  expect(inputValue("9007199254740993", "Integer")).toBe("9007199254740993");
  expect(wrongInput(count, inputValue("9007199254740993", "Integer"))).toContain("15 digits");
  expect(wrongInput(count, inputValue("-12", "Integer"))).toBeUndefined();
});
