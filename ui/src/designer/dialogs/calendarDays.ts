/**
 * The days of a calendar, as its file writes them: `2026-12-25`, or `12-25` in every year. Those of every year come first,
 * then the others by date.
 */

/** What a date that was chosen (`2026-12-25`) is as a day. */
export function dayOf(date: string, everyYear: boolean): string {
  return everyYear ? date.slice(date.indexOf("-") + 1) : date;
}

/** The days with one more; one that is there already changes nothing. */
export function withDay(days: readonly string[], day: string): string[] {
  const isDated = (one: string): number => Number(one.split("-").length === 3);
  return [...new Set([...days, day])].sort(
    (one, other) => isDated(one) - isDated(other) || (one < other ? -1 : Number(one > other)),
  );
}

const ofOneYear = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});
const ofEveryYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });

/** A day for people. */
export function shownDay(day: string): string {
  const isDated = day.split("-").length === 3;
  // A day of every year may be 29 February, which 2024 has.
  const date = new Date(`${isDated ? day : `2024-${day}`}T00:00:00Z`);
  return isDated ? ofOneYear.format(date) : `${ofEveryYear.format(date)}, every year`;
}
