import type { Area } from "../../platform";
import type { DrawnFlow } from "../state/flow.svelte";
import type { Drawing } from "./drawn";
import { areaOf, isFrame } from "./groups";

/**
 * What a rectangle on the canvas chooses: every component that it touches, and every note. What is around other things (a body,
 * a group) only when it lies in the rectangle as a whole, else nothing in it could be chosen.
 */
export function touching(flow: DrawnFlow, drawing: Drawing, area: Area): { components: string[]; groups: string[] } {
  const components = [...drawing.values()].filter(({ place, shape }) => {
    const box = { ...place, width: shape.width, height: shape.height };
    return shape.kind === "frame" ? encloses(area, box) : meets(area, box);
  });
  const chosen = new Set(components.map(({ id }) => id));
  // What is in a chosen body is chosen with it.
  const outermost = components.filter(({ parent }) => parent === undefined || !chosen.has(parent));
  const groups = Object.entries(flow.document.groups).filter(([, group]) => {
    const box = areaOf(group, drawing);
    return box && (isFrame(group) ? encloses(area, box) : meets(area, box));
  });
  return { components: outermost.map(({ id }) => id), groups: groups.map(([id]) => id) };
}

export function meets(one: Area, other: Area): boolean {
  const across = one.x < other.x + other.width && other.x < one.x + one.width;
  return across && one.y < other.y + other.height && other.y < one.y + one.height;
}
export function encloses(one: Area, other: Area): boolean {
  const across = one.x <= other.x && other.x + other.width <= one.x + one.width;
  return across && one.y <= other.y && other.y + other.height <= one.y + one.height;
}
