import { expect, test } from "vitest";
import { dayOf, shownDay, withDay } from "./calendarDays";

test("a chosen date is a day of its year, or of every year", () => {
  expect(dayOf("2026-12-25", false)).toBe("2026-12-25");
  expect(dayOf("2026-12-25", true)).toBe("12-25");
});

test("days are kept once and in order, those of every year first", () => {
  const days = ["12-25", "2026-05-14", "01-01", "2025-12-24"].reduce<string[]>(withDay, []);
  expect(days).toEqual(["01-01", "12-25", "2025-12-24", "2026-05-14"]);
  expect(withDay(days, "12-25")).toEqual(days);
});

test("days are told in words", () => {
  expect(shownDay("2026-05-14")).toMatch(/^Thu,? 14 May 2026$/);
  expect(shownDay("02-29")).toBe("29 February, every year");
});
