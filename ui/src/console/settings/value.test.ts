import { describe, expect, it } from "vitest";
import { bytes } from "../../shared/size";
import { fieldOf, inWords, valueOf } from "./value";

describe("the value of a setting", () => {
  it("is said in words, with its unit", () => {
    expect(inWords({ value: 30, kind: "number", unit: "days" })).toBe("30 days");
    expect(inWords({ value: 1, kind: "number", unit: "days" })).toBe("1 day");
    expect(inWords({ value: null, kind: "number" })).toBe("no limit");
    expect(inWords({ value: false, kind: "flag" })).toBe("off");
    expect(inWords({ value: 16_777_216, kind: "number", unit: "bytes" })).toBe("16.8 MB");
  });

  it("is taken as typed, or says what is wrong", () => {
    const days = { kind: "number", default: null } as const;
    const hours = { kind: "number", default: 12 } as const;
    const name = { kind: "text", default: "" } as const;
    expect(valueOf(days, " 30 ")).toEqual({ value: 30 });
    expect(valueOf(days, "")).toEqual({ value: null });
    expect(valueOf(hours, "")).toHaveProperty("wrong");
    for (const text of ["-1", "1.5", "many", "99999999999999999999"])
      expect(valueOf(days, text)).toHaveProperty("wrong");
    expect(valueOf(name, " north ")).toEqual({ value: "north" });
    expect(valueOf(name, "  ")).toHaveProperty("wrong");
  });

  it("stands in its field as it would be typed", () => {
    expect(fieldOf({ value: 30 })).toBe("30");
    expect(fieldOf({ value: null })).toBe("");
  });
});

describe("a size", () => {
  it("is said in a unit that suits it", () => {
    expect([0, 999, 1500, 2_000_000, 123_456_789_000].map(bytes)).toEqual([
      "0 bytes",
      "999 bytes",
      "1.5 kB",
      "2 MB",
      "123 GB",
    ]);
  });
});
