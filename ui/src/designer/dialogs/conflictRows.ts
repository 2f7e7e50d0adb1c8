import type { ConflictView, JsonValue } from "../../platform";

/** Where an entry of a list may stand. */
export const sides = ["before", "mine", "theirs"] as const;
export type ListSide = (typeof sides)[number];

/** An entry of a list, as each side has it. */
export interface EntryRow {
  id: string;
  /** What it is on each side; none where the side does not have it. */
  entry: Partial<Record<ListSide, JsonValue>>;
  /** Which one of its side it is, from 1. */
  place: Partial<Record<ListSide, number>>;
  /** Whether all sides have the same. */
  same: boolean;
}

/** What is said of one entry: the value of a member of a record, or the whole of anything else. */
export interface EntryPart {
  key: string | undefined;
  text: string;
  /** Whether it was another before. */
  changed: boolean;
}

/** The members that tell one record of a list from another, the most telling first. */
const NAMES = ["name", "field", "outlet", "expression", "left"];

/**
 * A list that both sides changed, a row for each entry: the same entry of all sides stands in one row. Undefined where no
 * side has a list.
 */
export function rowsOf(conflict: Pick<ConflictView, ListSide>): { rows: EntryRow[]; moved: boolean } | undefined {
  if (!sides.some((side) => typeof conflict[side] !== "string")) return undefined;
  const lists = sides.map((side) => ({ side, entries: entriesOf(conflict[side]) }));
  const name = NAMES.find((key) => lists.every(({ entries }) => isName(key, entries)));
  const known = lists.map(({ side, entries }) => ({ side, entries: identified(entries, name) }));
  const rows = inOneOrder(known.map(({ entries }) => [...entries.keys()])).map((id) => {
    const row: EntryRow = { id, entry: {}, place: {}, same: false };
    for (const { side, entries } of known) {
      const found = entries.get(id);
      if (!found) continue;
      row.entry[side] = found.entry;
      row.place[side] = found.place;
    }
    const [first, ...others] = sides.map((side) => JSON.stringify(row.entry[side]));
    return { ...row, same: others.every((one) => one === first) };
  });
  return { rows, moved: isMoved(rows) };
}

/** What is said of an entry on one side, when it was `before`. */
export function partsOf(entry: JsonValue, before: JsonValue | undefined): EntryPart[] {
  const isSame = (one: JsonValue | undefined, other: JsonValue | undefined): boolean =>
    JSON.stringify(one) === JSON.stringify(other);
  if (!isRecord(entry)) return [{ key: undefined, text: textOf(entry), changed: !isSame(entry, before) }];
  const was = before !== undefined && isRecord(before) ? before : {};
  const keys = new Set([...NAMES.filter((key) => key in entry), ...Object.keys(entry), ...Object.keys(was)]);
  return [...keys].map((key) => ({
    key,
    text: key in entry ? textOf(entry[key]) : "not set",
    changed: !isSame(entry[key], was[key]),
  }));
}

const entriesOf = (value: ConflictView[ListSide]): JsonValue[] => (typeof value === "string" ? [] : value);
const isRecord = (entry: JsonValue): entry is Record<string, JsonValue> =>
  typeof entry === "object" && entry !== null && !Array.isArray(entry);
const textOf = (value: JsonValue | undefined): string =>
  value === "" ? "empty" : typeof value === "string" ? value : JSON.stringify(value);

/** Whether each of the entries is a record with a text under `key`, and all have another. */
function isName(key: string, entries: readonly JsonValue[]): boolean {
  const names = entries.map((entry) => (isRecord(entry) ? entry[key] : undefined));
  return names.every((name) => typeof name === "string") && new Set(names).size === names.length;
}

/** Entries by what tells them apart: their `name`, else what they are and how often that was there before. */
function identified(
  entries: readonly JsonValue[],
  name: string | undefined,
): Map<string, { entry: JsonValue; place: number }> {
  const found = new Map<string, { entry: JsonValue; place: number }>();
  entries.forEach((entry, index) => {
    const what = JSON.stringify(name !== undefined && isRecord(entry) ? entry[name] : entry);
    let id = what;
    for (let again = 2; found.has(id); again += 1) id = `${what} ${again}`;
    found.set(id, { entry, place: index + 1 });
  });
  return found;
}

/** All that is in some lists, each once, behind what it follows in its list. The last list has the least to say. */
function inOneOrder([before = [], mine = [], theirs = []]: string[][]): string[] {
  const all = [...mine];
  for (const list of [theirs, before])
    list.forEach((id, index) => {
      if (!all.includes(id)) all.splice(all.indexOf(list[index - 1] ?? "") + 1, 0, id);
    });
  return all;
}

/** Whether what two sides have stands in another order. */
function isMoved(rows: readonly EntryRow[]): boolean {
  const pairs = [
    ["before", "mine"],
    ["before", "theirs"],
    ["mine", "theirs"],
  ] as const;
  return pairs.some(([one, other]) => {
    const both = rows.filter(({ place }) => place[one] !== undefined && place[other] !== undefined);
    const places = both.toSorted((a, b) => (a.place[one] ?? 0) - (b.place[one] ?? 0)).map(({ place }) => place[other]);
    return places.some((place, index) => index > 0 && (place ?? 0) < (places[index - 1] ?? 0));
  });
}
