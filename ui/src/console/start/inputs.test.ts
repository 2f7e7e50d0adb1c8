import { describe, expect, it } from "vitest";
import type { InputDeclaration } from "../../generated/types";
import { asked, given, missing } from "./inputs";

const inputs = [
  { name: "month", type: "Text", default: "1997-01" },
  { name: "limit", type: "Integer" },
  { name: "price", type: "Number", default: 1.5 },
  { name: "dry", type: "Boolean" },
] as InputDeclaration[];

describe("the inputs of a request", () => {
  it("begin with their defaults", () => {
    expect(asked(inputs, { limit: "3" })).toEqual({ month: "1997-01", limit: "3", price: "1.5", dry: "false" });
  });

  it("are missing where one without default is empty", () => {
    expect(missing(inputs, { month: "", limit: "" })).toEqual(["limit", "dry"]);
  });

  it("are sent as what they are, and wrong ones as they were typed", () => {
    const sent = given(inputs, { month: "", limit: "1.5", price: "2", dry: "true" });
    expect(sent).toEqual({ month: "", limit: "1.5", price: 2, dry: true });
  });
});
