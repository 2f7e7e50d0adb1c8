import type { Component, ComponentId, Edit, Flow, Group, Position } from "../../platform";
import type { Spot } from "./canvasHandle";
import type { Views } from "./guess";

/** Components and groups of a flow. */
export interface Part {
  components: ComponentId[];
  groups: ComponentId[];
}

/** What was copied: a flow of its own, and how its components look. */
export interface Copied {
  flow: Flow;
  views: Views;
}

/** An edit that puts copies into a flow: how they look, and which of them do not lie in the body of another. */
export interface Copies {
  edit: Edit;
  views: Views;
  outermost: { components: ComponentId[]; groups: ComponentId[] };
}

/**
 * Copies components with all that is in their bodies and the links between them, groups and notes, and those groups whose
 * components are all among them. What is copied out of a body stands where it is drawn on the whole canvas. The host does the
 * same when it copies as text.
 */
export function copied(flow: Flow, views: Views, part: Part): Copied {
  const asked = new Set(part.components);
  const wanted = Object.keys(flow.components).filter((id) => [id, ...around(flow, id)].some((up) => asked.has(up)));
  const has = new Set(wanted);
  const place = (id: string): Position => {
    const parent = flow.components[id]?.parent;
    return parent !== undefined && !has.has(parent) ? placeOnCanvas(flow, id) : placeIn(flow, id);
  };
  const groups = Object.entries(flow.groups).flatMap(([id, group]): [string, Group][] => {
    const members = group.members.filter((member) => has.has(member));
    const isWhole = members.length > 0 && members.length === group.members.length;
    const isAsked = part.groups.includes(id) && (group.members.length === 0 || members.length > 0);
    return isWhole || isAsked ? [[id, { ...group, members }]] : [];
  });
  return {
    flow: {
      description: "",
      components: only(flow.components, wanted),
      links: flow.links.filter(({ from, to }) => has.has(from.component) && has.has(to.component)),
      groups: Object.fromEntries(groups),
      layout: Object.fromEntries(wanted.map((id) => [id, place(id)])),
    },
    views: only(views, wanted),
  };
}

/**
 * The edit that puts what was copied into a flow, with new ids and free names, the upper left corner of the whole at a spot. A
 * second start component, or one that would come into a body, is left out. Undefined when nothing is left.
 */
export function copiesOf(
  { flow: part, views }: Copied,
  into: Flow,
  { parent, position: corner }: Spot,
): Copies | undefined {
  const hasStart = parent !== undefined || Object.values(into.components).some(({ type }) => type === "Start");
  const components = Object.entries(part.components).filter(([, { type }]) => !hasStart || type !== "Start");
  const ids = new Map(components.map(([id, { type }]) => [id, newId(type, into.components)]));
  const groups = Object.values(part.groups).filter(({ area, members }) => area ?? members.some((id) => ids.has(id)));
  if (components.length + groups.length === 0) return undefined;
  const isInside = ({ parent: own }: Component): boolean => own !== undefined && ids.has(own);
  const old = cornerOf([
    ...components.flatMap(([id, component]) => (isInside(component) ? [] : placeIn(part, id))),
    ...groups.flatMap(({ area, members }) => (area && members.length === 0 ? area : [])),
  ]);
  const moved = ({ x, y }: Position): Position => ({ x: corner.x + x - old.x, y: corner.y + y - old.y });
  const known = new Set(Object.values(into.components).map(({ name }) => name));
  const edits: Edit[] = [];
  const looks: Record<string, Views[string]> = {};
  // What is in a body is added after the component that has it, and keeps its place there.
  const depth = (id: string): number => around(part, id).length;
  for (const [id, component] of components.toSorted(([one], [other]) => depth(one) - depth(other))) {
    const { parent: own, ...rest } = component;
    const inside = isInside(component);
    const body = inside ? ids.get(own ?? "") : parent;
    const at = placeIn(part, id);
    const name = freeName(rest.name, known);
    known.add(name);
    const made = { ...rest, name, ...(body === undefined ? {} : { parent: body }) };
    const copy = ids.get(id) ?? id;
    edits.push({ edit: "addComponent", id: copy, component: made, position: inside ? at : moved(at) });
    if (views[id]) looks[copy] = views[id];
  }
  for (const { from, to } of part.links) {
    const ends = [ids.get(from.component), ids.get(to.component)] as const;
    if (ends[0] === undefined || ends[1] === undefined) continue;
    const link = { from: { ...from, component: ends[0] }, to: { ...to, component: ends[1] } };
    edits.push({ edit: "connect", link });
  }
  const body = parent === undefined ? { x: 0, y: 0 } : placeOnCanvas(into, parent);
  const newGroups = groups.map((group): [string, Group] => {
    const members = group.members.flatMap((id) => ids.get(id) ?? []);
    const at = group.area && moved({ x: body.x + group.area.x, y: body.y + group.area.y });
    const made = { ...group, members, ...(group.area && at ? { area: { ...group.area, ...at } } : {}) };
    return [newId(group.members.length === 0 ? "note" : "group", { ...into.components, ...into.groups }), made];
  });
  edits.push(...newGroups.map(([id, group]): Edit => ({ edit: "setGroup", id, group })));
  const outermost = components.flatMap(([id, component]) => (isInside(component) ? [] : (ids.get(id) ?? [])));
  return {
    edit: { edit: "batch", edits },
    views: looks,
    outermost: { components: outermost, groups: newGroups.map(([id]) => id) },
  };
}

/** The components in whose bodies another lies, the innermost first. Broken files may hold circles. */
function around(flow: Flow, id: string): string[] {
  const path: string[] = [];
  for (let up = flow.components[id]?.parent; up !== undefined && up !== id && !path.includes(up);)
    up = (path.push(up), flow.components[up]?.parent);
  return path;
}

const placeIn = (flow: Flow, id: string): Position => flow.layout[id] ?? { x: 0, y: 0 };

/** Where a component is drawn on the whole canvas: places in a body are relative to the component that has it. */
function placeOnCanvas(flow: Flow, id: string): Position {
  const places = [id, ...around(flow, id)].map((up) => placeIn(flow, up));
  return places.reduce((sum, { x, y }) => ({ x: sum.x + x, y: sum.y + y }));
}

/** The upper left corner of several places. */
export function cornerOf(places: readonly Position[]): Position {
  return { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
}

/** Letters and digits that are not taken for each other. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** An id that is not `taken`, as the host makes them: `mapper-k3x9ab`. */
function newId(type: string, taken: Readonly<Record<string, unknown>>): ComponentId {
  const letters = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => LETTERS[byte % LETTERS.length]);
  const id = `${type.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase()}-${letters.join("")}`;
  return id in taken ? newId(type, taken) : id;
}

/** `wanted`, or `wanted 2` and so on: a name that is not `taken`. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted} ${number}`;
  return name;
}

/** Some entries of a record. */
function only<T>(all: Readonly<Record<string, T>>, ids: readonly string[]): Record<string, T> {
  return Object.fromEntries(ids.flatMap((id) => (all[id] === undefined ? [] : [[id, all[id]]])));
}
