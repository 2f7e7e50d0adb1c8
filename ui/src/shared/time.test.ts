import { describe, expect, it } from "vitest";
import { ago, counted } from "./time";

describe("a number of things", () => {
  it("is said with the word for one only of one", () => {
    const said = [0, 1, 2, 3213].map((n) => counted(n, "record"));
    expect(said).toEqual(["0 records", "1 record", "2 records", "3,213 records"]);
  });

  it("takes another word for several where an s is not enough", () => {
    expect(counted(1, "git branch", "git branches")).toBe("1 git branch");
    expect(counted(2, "git branch", "git branches")).toBe("2 git branches");
  });
});

describe("how long ago something was", () => {
  const now = Date.UTC(2026, 0, 10);
  const day = 86_400_000;

  it("is said in the largest unit that fits", () => {
    const said = [2_000, 12_000, 180_000, 7_200_000, day, 3 * day].map((ms) => ago(now - ms, now));
    expect(said).toEqual(["just now", "12 s ago", "3 min ago", "2 h ago", "1 day ago", "3 days ago"]);
  });

  it("is said of what is still to come too", () => {
    expect(ago(now + 5_000, now)).toBe("in 5 s");
    expect(ago(now + day, now)).toBe("in 1 day");
  });
});
