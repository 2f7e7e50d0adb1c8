import { expect, test } from "vitest";
import type { Drawing } from "./drawn";
import { areaOf, newGroup, newNote } from "./groups";

const at = (x: number, y: number): unknown => ({ place: { x, y }, shape: { width: 208, height: 56 } });
const drawing = new Map([
  ["a", at(0, 0)],
  ["b", at(300, 100)],
]) as unknown as Drawing;

test("a group's frame is around its components, and leaves out those that are gone", () => {
  const group = { title: "G", note: "", members: ["a", "b", "gone"] };
  expect(areaOf(group, drawing)).toEqual({ x: -24, y: -56, width: 556, height: 236 });
});

test("a note is where it was put, and a group without anything is nowhere", () => {
  const area = { x: 1, y: 2, width: 3, height: 4 };
  expect(areaOf({ title: "", note: "n", members: [], area }, drawing)).toEqual(area);
  expect(areaOf({ title: "", note: "", members: ["gone"] }, drawing)).toBeUndefined();
});

test("a new note stands on the grid around its place, and a new group has its members", () => {
  const { id, edit } = newNote({ x: 403, y: 205 });
  expect(id).toMatch(/^note-[a-z0-9]{6}$/);
  expect(edit).toMatchObject({ edit: "setGroup", id, group: { area: { x: 280, y: 144, width: 240, height: 128 } } });
  expect(newGroup(new Set(["a", "b"])).edit).toMatchObject({ group: { members: ["a", "b"] } });
});
