import type { Node } from "@xyflow/svelte";
import type { Area, Edit, Group, Position } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";
import type { Dragged } from "./bodies";
import type { Drawing } from "./drawn";
import { CARD_HEIGHT, onGrid } from "./geometry";

/** How far a group's frame is around its components, and how high its head is. */
const PADDING = 24;
const HEAD = 32;
/** The size of a new note. */
const NOTE: Readonly<{ width: number; height: number }> = { width: 240, height: 128 };
/** The least size of a note. */
export const LEAST_NOTE: Readonly<{ width: number; height: number }> = { width: 120, height: 64 };

/** Whether a group is drawn around components; a note stands for itself. */
export function isFrame(group: Group): boolean {
  return group.members.length > 0;
}

/** Where a group is drawn; undefined of one whose components are all gone and that has no place of its own. */
export function areaOf(group: Group, drawing: Drawing): Area | undefined {
  const around = group.members.flatMap((id) => drawing.get(id) ?? []);
  if (around.length === 0) return group.area ?? undefined;
  const left = Math.min(...around.map(({ place }) => place.x)) - PADDING;
  const top = Math.min(...around.map(({ place }) => place.y)) - PADDING - HEAD;
  const right = Math.max(...around.map(({ place, shape }) => place.x + shape.width)) + PADDING;
  const bottom = Math.max(...around.map(({ place, shape }) => place.y + shape.height)) + PADDING;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Notes lie on everything, so that none can be lost behind a frame. */
const NOTE_LAYER = 50;

/**
 * The groups and notes of a flow as the canvas library wants them, to be drawn after the components. A frame lies behind
 * its components and on the body that they are in, if they are in one. One whose drawing is unchanged keeps its identity.
 */
export function drawnGroups(flow: DrawnFlow, drawing: Drawing, before: readonly Node[]): Node[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return Object.entries(flow.document.groups).flatMap(([id, group]): Node[] => {
    const area = areaOf(group, drawing);
    if (!area) return [];
    const { x, y, width, height } = area;
    const selected = flow.selectedGroups.has(id);
    const frame = isFrame(group);
    const zIndex = frame ? depthOf(group, drawing) - 1 : NOTE_LAYER;
    const old = known.get(id);
    const same =
      old &&
      old.selected === selected &&
      old.zIndex === zIndex &&
      old.position.x === x &&
      old.position.y === y &&
      old.width === width &&
      old.height === height;
    if (same) return [old];
    // Only the head of a frame is there for the pointer: what is around its components is still the canvas.
    const style = frame ? "pointer-events: none" : "";
    const measured = { width, height };
    const made = { id, type: "area", data: {}, position: { x, y }, width, height, measured, selected, style };
    return [{ ...made, zIndex }];
  });
}

/** The edit that puts a new note at a place, and its id. */
export function newNote({ x, y }: Position): { id: string; edit: Edit } {
  const id = newId("note");
  const at = onGrid({ x: x - NOTE.width / 2, y: y - NOTE.height / 2 });
  return { id, edit: { edit: "setGroup", id, group: { title: "", note: "", members: [], area: { ...at, ...NOTE } } } };
}

/** The edit that draws a frame around components, and its id. */
export function newGroup(members: Iterable<string>): { id: string; edit: Edit } {
  const id = newId("group");
  return { id, edit: { edit: "setGroup", id, group: { title: "Group", note: "", members: [...members] } } };
}

/** The edits that put dragged notes where they were dropped. */
export function dropNotes(flow: DrawnFlow, dragged: readonly { id: string; position: Position }[]): Edit[] {
  return dragged.flatMap(({ id, position }): Edit[] => {
    const group = flow.document.groups[id];
    if (!group?.area) return [];
    const { x, y } = onGrid(position);
    if (x === group.area.x && y === group.area.y) return [];
    return [{ edit: "setGroup", id, group: { ...group, area: { ...group.area, x, y } } }];
  });
}

/**
 * The edits that let dragged components join the groups onto which they are dropped, and leave those out of which they are
 * dragged as a whole. What moves with the whole group stays in it.
 */
export function joinOrLeave(flow: DrawnFlow, drawing: Drawing, dragged: readonly Dragged[]): Edit[] {
  const moved = new Map(dragged.map((one) => [one.id, one]));
  const middles = dragged.flatMap(({ id, position }) => {
    const drawn = drawing.get(id);
    if (!drawn) return [];
    const around = drawing.get(drawn.parent ?? "")?.place ?? { x: 0, y: 0 };
    const { width, height } = drawn.shape;
    const y = around.y + position.y + Math.min(height, CARD_HEIGHT) / 2;
    return [{ id, middle: { x: around.x + position.x + width / 2, y } }];
  });
  return Object.entries(flow.document.groups).flatMap(([id, group]): Edit[] => {
    const staying = group.members.filter((member) => !moved.has(member));
    const area = isFrame(group) && staying.length > 0 ? areaOf(group, drawing) : undefined;
    if (!area) return [];
    const members = new Set(group.members);
    for (const { id: component, middle } of middles) {
      if (isOver(area, middle)) members.add(component);
      else members.delete(component);
    }
    const same = members.size === group.members.length && group.members.every((member) => members.has(member));
    return same ? [] : [{ edit: "setGroup", id, group: { ...group, members: [...members] } }];
  });
}

function isOver({ x, y, width, height }: Area, at: Position): boolean {
  return at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height;
}

/** In how many bodies within each other the components of a group are. */
function depthOf({ members }: Group, drawing: Drawing): number {
  let depth = 0;
  for (let up = drawing.get(members[0] ?? "")?.parent; up !== undefined; up = drawing.get(up)?.parent) depth += 1;
  return depth;
}
function newId(kind: string): string {
  const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `${kind}-${[...random].map((byte) => alphabet.charAt(byte % alphabet.length)).join("")}`;
}
