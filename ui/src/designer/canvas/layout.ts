import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import elkWorker from "elkjs/lib/elk-worker.min.js?url";
import type { Edit, PortRef, Position } from "../../platform";
import { reachOf } from "../../shared/bodies";
import { toasts } from "../../shared/toasts.svelte";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { asOne } from "./bodies";
import type { Drawing } from "./drawn";
import { BODY_START, onGrid, shapeOf, type Reach, type Shape } from "./geometry";
import { isFrame } from "./groups";

/** How long the layout may take before it is given up. */
const DEADLINE_MS = 8000;
/** The room that a group's frame takes around its components; its title stands above them. */
const GROUP_PADDING = "[top=56,left=24,bottom=24,right=24]";

/** The room between components that follow each other, and that stand above each other. */
const SPACING = { "elk.spacing.nodeNode": "56", "elk.layered.spacing.nodeNodeBetweenLayers": "64" };

/** Which of two stands above the other is where they are now. */
const ORDER = { "elk.layered.crossingMinimization.semiInteractive": "true" };
const standsAt = ({ x, y }: Position): Record<string, string> => ({ "elk.position": `(${x},${y})` });

const sides = { left: "WEST", right: "EAST", bottom: "SOUTH" };
const portId = ({ component, port }: PortRef, way: "in" | "out"): string => `${component} ${way} ${port}`;

type Engine = { layout: (graph: ElkNode) => Promise<ElkNode> };

/**
 * Arranges the chosen components of a flow, or all where fewer than two are chosen, from left to right, as one undo step:
 * first what is in each body, then what is around it. What the author arranged stays as far as it can: which of two stands
 * above the other, where the whole begins, what is in a group, and the notes beside what they are about. The work is done
 * off the page's thread.
 */
export async function layOut(flow: DrawnFlow): Promise<void> {
  const { drawing } = designer;
  const several = flow.outermost().length > 1;
  const chosen = several ? new Set(flow.outermost()) : undefined;
  // Made for one layout: ending it ends its worker, also when it took too long.
  const elk = new ELK({ workerFactory: () => new Worker(elkWorker) });
  try {
    const places = await inTime(chosen ? arrangeChosen(elk, flow, drawing, chosen) : arrangeAll(elk, flow, drawing));
    const edit = asOne([...moves(drawing, places), ...notesAlong(flow, drawing, places)]);
    if (!edit) flow.say("They stand so already");
    else if ((await flow.edit(edit)) && !chosen) flow.canvas?.fit();
  } catch (thrown) {
    toasts.error("The components were not arranged", thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    elk.terminateWorker();
  }
}

type Places = Map<string, Position>;

async function arrangeAll(elk: Engine, flow: DrawnFlow, drawing: Drawing): Promise<Places> {
  return (await arrange(elk, flow, drawing, undefined)).places;
}

/** Arranges the chosen components of each body by themselves; all else stays where it is. */
async function arrangeChosen(
  elk: Engine,
  flow: DrawnFlow,
  drawing: Drawing,
  chosen: ReadonlySet<string>,
): Promise<Places> {
  const places: Places = new Map();
  const byBody = Map.groupBy(chosen, (id) => drawing.get(id)?.parent);
  for (const ids of byBody.values()) {
    const shapes = new Map(
      ids.flatMap((id) => {
        const drawn = drawing.get(id);
        return drawn ? [[id, drawn.shape] as const] : [];
      }),
    );
    for (const [id, at] of await placed(elk, flow, drawing, shapes, cornerOf(drawing, shapes))) places.set(id, at);
  }
  return places;
}

interface Arranged {
  places: Places;
  /** How far what is in the body reaches; undefined of an empty one. */
  reach: Reach | undefined;
}

/** Arranges what is in a body (none: the top level), and what is in the bodies there. */
async function arrange(elk: Engine, flow: DrawnFlow, drawing: Drawing, body: string | undefined): Promise<Arranged> {
  const places: Places = new Map();
  const shapes = new Map<string, Shape>();
  for (const { id, parent, shape } of drawing.values()) {
    if (parent !== body) continue;
    if (shape.kind !== "frame") shapes.set(id, shape);
    else {
      const inside = await arrange(elk, flow, drawing, id);
      for (const [child, at] of inside.places) places.set(child, at);
      const description = designer.descriptions.get(flow.component(id)?.type ?? "");
      shapes.set(id, shapeOf(description, flow.views[id], flow.linkedPorts.get(id), inside.reach));
    }
  }
  if (shapes.size === 0) return { places, reach: undefined };
  const corner = body === undefined ? cornerOf(drawing, shapes) : BODY_START;
  const here = await placed(elk, flow, drawing, shapes, corner);
  for (const [id, at] of here) places.set(id, at);
  const sized = [...here].flatMap(([id, at]) => {
    const shape = shapes.get(id);
    return shape ? [{ at, shape }] : [];
  });
  return { places, reach: reachOf(sized) };
}

/** Where the upper left corner of some components is. */
function cornerOf(drawing: Drawing, shapes: ReadonlyMap<string, unknown>): Position {
  const places = [...shapes.keys()].flatMap((id) => drawing.get(id)?.at ?? []);
  return { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
}

/** Places components of one body, their upper left corner at `corner`. */
async function placed(
  elk: Engine,
  flow: DrawnFlow,
  drawing: Drawing,
  shapes: ReadonlyMap<string, Shape>,
  corner: Position,
): Promise<Places> {
  const { children = [] } = await elk.layout(graphOf(flow, drawing, shapes));
  const found = children.flatMap(({ id, x = 0, y = 0, children: members = [] }) =>
    shapes.has(id)
      ? [{ id, x, y }]
      : members.map((member) => ({ id: member.id, x: x + (member.x ?? 0), y: y + (member.y ?? 0) })),
  );
  const left = corner.x - Math.min(...found.map(({ x }) => x));
  const top = corner.y - Math.min(...found.map(({ y }) => y));
  return new Map(found.map(({ id, x, y }) => [id, onGrid({ x: x + left, y: y + top })]));
}

function graphOf(flow: DrawnFlow, drawing: Drawing, shapes: ReadonlyMap<string, Shape>): ElkNode {
  const within = flow.document.links.filter(({ from, to }) => shapes.has(from.component) && shapes.has(to.component));
  const groups = groupsIn(flow, shapes);
  const grouped = new Set([...groups.values()].flat());
  // What stands above stays above: the engine keeps to the places that it is given.
  const inOrder = [...shapes.keys()].sort(
    (a, b) => place(drawing, a).y - place(drawing, b).y || place(drawing, a).x - place(drawing, b).x,
  );
  const nodeOf = (id: string): ElkNode => {
    const { width, height, ports } = shapes.get(id) ?? { width: 0, height: 0, ports: [] };
    return {
      id,
      width,
      height,
      layoutOptions: { "elk.portConstraints": "FIXED_POS", ...standsAt(place(drawing, id)) },
      ports: ports
        .filter(({ inner }) => !inner)
        .map(({ name, way, side, x, y }) => ({
          id: portId({ component: id, port: name }, way),
          x,
          y,
          width: 0,
          height: 0,
          layoutOptions: { "elk.port.side": sides[side] },
        })),
    };
  };
  const frames = [...groups].map(([id, members]): ElkNode => ({
    id,
    layoutOptions: {
      ...SPACING,
      ...ORDER,
      "elk.padding": GROUP_PADDING,
      ...standsAt(cornerOf(drawing, new Map(members.map((member) => [member, undefined])))),
    },
    children: inOrder.filter((one) => members.includes(one)).map(nodeOf),
  }));
  return {
    id: "flow",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      ...SPACING,
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      ...ORDER,
      ...(groups.size > 0 ? { "elk.hierarchyHandling": "INCLUDE_CHILDREN" } : {}),
    },
    children: [...frames, ...inOrder.filter((id) => !grouped.has(id)).map(nodeOf)],
    edges: within.map(({ from, to }, index) => ({
      id: `link ${index}`,
      sources: [portId(from, "out")],
      targets: [portId(to, "in")],
    })),
  };
}

/** The groups whose components are all among these, by their ids; of several that share a component, the first. */
function groupsIn(flow: DrawnFlow, shapes: ReadonlyMap<string, Shape>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const taken = new Set<string>();
  for (const [id, group] of Object.entries(flow.document.groups)) {
    if (!isFrame(group) || !group.members.every((member) => shapes.has(member) && !taken.has(member))) continue;
    for (const member of group.members) taken.add(member);
    found.set(id, group.members);
  }
  return found;
}

function moves(drawing: Drawing, places: Places): Edit[] {
  return [...places].flatMap(([id, position]): Edit[] => {
    const before = drawing.get(id)?.at;
    return before?.x === position.x && before.y === position.y ? [] : [{ edit: "move", id, position }];
  });
}

/** Notes go along with the component that they stand nearest to. */
function notesAlong(flow: DrawnFlow, drawing: Drawing, places: Places): Edit[] {
  const outer = [...drawing.values()].filter(({ parent }) => parent === undefined);
  return Object.entries(flow.document.groups).flatMap(([id, group]): Edit[] => {
    const { area } = group;
    if (!area || isFrame(group)) return [];
    const distance = ({ place, shape }: (typeof outer)[number]): number =>
      Math.hypot(
        place.x + shape.width / 2 - area.x - area.width / 2,
        place.y + shape.height / 2 - area.y - area.height / 2,
      );
    const [nearest] = [...outer].sort((a, b) => distance(a) - distance(b));
    const to = nearest && places.get(nearest.id);
    if (!to || (to.x === nearest.at.x && to.y === nearest.at.y)) return [];
    const moved = onGrid({ x: area.x + to.x - nearest.at.x, y: area.y + to.y - nearest.at.y });
    return [{ edit: "setGroup", id, group: { ...group, area: { ...area, ...moved } } }];
  });
}

function place(drawing: Drawing, id: string): Position {
  return drawing.get(id)?.at ?? { x: 0, y: 0 };
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("The flow is too large to be arranged in time.")), DEADLINE_MS),
  );
  return Promise.race([work, late]);
}
