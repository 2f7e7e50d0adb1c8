import { describe, expect, it } from "vitest";
import { filterOf, fromOf, queryOf, sameFilter, statesOf, toggled, trimmed, wireOf } from "./filter";

const NOW = Date.parse("2026-03-01T12:00:30.500Z");
const read = (address: string) => filterOf(new URLSearchParams(address));

describe("the filter of the Status List", () => {
  it("comes back out of the address it made", () => {
    const filter = { state: "Error,Waiting", project: "طلبات", flow: "a & b", q: "100%", since: "24h" };
    expect(read(new URLSearchParams(filter).toString())).toEqual(filter);
  });

  it("leaves out what is empty, unknown or no span of time", () => {
    expect(read("state=&flow=%20&colour=red&since=tomorrow&priority=10&q=7")).toEqual({ q: "7" });
  });

  it("knows only states that exist", () => {
    expect([...statesOf({ state: "Error,Lost,Queued" })]).toEqual(["Queued", "Error"]);
  });

  it("takes a state in and out again, in the order of a request's life", () => {
    expect(toggled({}, "Error")).toBe("Error");
    expect(toggled({ state: "Error" }, "Running")).toBe("Running,Error");
    expect(toggled({ state: "Running,Error" }, "Running")).toBe("Error");
    expect(toggled({ state: "Error" }, "Error")).toBeUndefined();
  });

  it("counts a span back from the present, by whole minutes", () => {
    expect(fromOf({ since: "1h" }, NOW)).toBe("2026-03-01T11:00:00.000Z");
    expect(fromOf({ since: "1h" }, NOW + 20_000)).toBe(fromOf({ since: "1h" }, NOW));
    expect(fromOf({ from: "2026-02-01T00:00:00Z" }, NOW)).toBe("2026-02-01T00:00:00Z");
    expect(fromOf({}, NOW)).toBeUndefined();
  });

  it("asks the API for what it says and for nothing else", () => {
    expect(queryOf({ state: "Error", q: "" }, { before: 12, limit: 80 })).toEqual({
      state: "Error",
      after: "12",
      limit: 80,
    });
    expect(wireOf({})).toEqual({});
    expect([wireOf({ stalled: "true" }), wireOf({ stalled: "no" })]).toEqual([{ stalled: true }, {}]);
    expect([wireOf(read("priority=0")), wireOf(read("priority=-9"))]).toEqual([{ priority: 0 }, { priority: -9 }]);
  });

  it("is the same as another that lists the same", () => {
    expect(sameFilter({ state: "Error" }, trimmed({ state: "Error", flow: "", q: undefined }))).toBe(true);
    expect(sameFilter({ state: "Error" }, {})).toBe(false);
  });
});
