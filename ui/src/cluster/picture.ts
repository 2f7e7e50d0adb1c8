import type { Family, Flow } from "../generated/types";
import { CARD_WIDTH, ERROR_OUTLET, shapeOf, type Shape } from "../designer/canvas/geometry";

/**
 * Family and icon of each component type, as the palette has them. The designer asks its host for the palette; a
 * server has none to give, and a type that is missing here is drawn as a plain box.
 */
const looks: Record<string, { family: Family; icon: string; title: string }> = {
  Start: { family: "control", icon: "play", title: "Start" },
  End: { family: "control", icon: "flag", title: "End" },
  Branch: { family: "control", icon: "git-fork", title: "Branch" },
  Wait: { family: "control", icon: "hourglass", title: "Wait" },
  Fail: { family: "control", icon: "octagon-x", title: "Fail" },
  Checkpoint: { family: "checkpoint", icon: "cairn", title: "Checkpoint" },
  FileRead: { family: "file", icon: "file-input", title: "File Read" },
  FileWrite: { family: "file", icon: "file-output", title: "File Write" },
  Mapper: { family: "transform", icon: "arrow-right-left", title: "Mapper" },
  Filter: { family: "transform", icon: "funnel", title: "Filter" },
  SqlPut: { family: "database", icon: "database", title: "SQL Put" },
  HttpRequest: { family: "network", icon: "globe", title: "HTTP Request" },
};

/** How a component of this type looks. */
export function lookOfType(type: string): { family: Family | undefined; icon: string; title: string } {
  return looks[type] ?? { family: undefined, icon: "box", title: type };
}

/** A component where it is drawn. */
export interface Placed {
  id: string;
  x: number;
  y: number;
  shape: Shape;
}

/** Where everything of a flow is drawn, moved so that the picture begins at 0, 0. */
export interface Picture {
  components: Placed[];
  links: { key: string; path: string; isError: boolean; from: string; to: string }[];
  width: number;
  height: number;
}

const MARGIN = 20;
/** Cards are narrower than on the canvas and stand closer, so that most flows are seen as a whole. */
const NARROW = 168;
const APART = 32;

/** Draws a flow from its layout. Only the outlets and inlets that links use are known here, and only they are drawn. */
export function pictureOf(flow: Flow): Picture {
  const used = portsInUse(flow);
  const raw = Object.keys(flow.components).map((id, index): Placed => {
    const at = flow.layout[id] ?? { x: index * 272, y: 0 };
    const saves = flow.components[id]?.type === "Checkpoint";
    const ports = used.get(id) ?? { inlets: [], outlets: [] };
    const view = {
      ports: { inlets: ports.inlets.map(port), outlets: ports.outlets.map(port) },
      line: "",
      settles: false,
    };
    return { id, ...at, shape: narrowed(shapeOf({ saves } as Parameters<typeof shapeOf>[0], view)) };
  });
  const top = Math.min(...raw.map(({ y }) => y)) - MARGIN;
  const components = closer(raw).map((one) => ({ ...one, x: one.x + MARGIN, y: one.y - top }));
  const byId = new Map(components.map((one) => [one.id, one]));
  const links = flow.links.map(({ from, to }) => ({
    key: `${from.component}.${from.port} ${to.component}.${to.port}`,
    path: curve(portAt(byId.get(from.component), from.port, "out"), portAt(byId.get(to.component), to.port, "in")),
    isError: from.port === ERROR_OUTLET,
    from: from.component,
    to: to.component,
  }));
  return {
    components,
    links,
    width: Math.max(...components.map(({ x, shape }) => x + shape.width)) + MARGIN,
    height: Math.max(...components.map(({ y, shape }) => y + shape.height)) + MARGIN,
  };
}

function narrowed(shape: Shape): Shape {
  if (shape.milestone) return shape;
  const moved = (one: Shape["ports"][number]): Shape["ports"][number] =>
    one.side === "left" ? one : { ...one, x: one.x - CARD_WIDTH + NARROW };
  return { ...shape, width: NARROW, ports: shape.ports.map(moved), rows: shape.rows.map(moved) };
}

/** Moves components to the left where nothing stands between them and their neighbours; the first is at 0. */
function closer(components: readonly Placed[]): Placed[] {
  let end = 0;
  let shift = Number.NaN;
  return components
    .toSorted((a, b) => a.x - b.x)
    .map((one) => {
      if (Number.isNaN(shift)) shift = -one.x;
      else if (one.x + shift > end + APART) shift = end + APART - one.x;
      const x = one.x + shift;
      end = Math.max(end, x + one.shape.width);
      return { ...one, x };
    });
}

const port = (name: string): { name: string; title: string } => ({ name, title: name });

function portsInUse(flow: Flow): Map<string, { inlets: string[]; outlets: string[] }> {
  const used = new Map<string, { inlets: string[]; outlets: string[] }>();
  const of = (id: string): { inlets: string[]; outlets: string[] } => {
    const known = used.get(id) ?? { inlets: [], outlets: [] };
    used.set(id, known);
    return known;
  };
  // From top to bottom, so that links do not cross at their component.
  const height = (id: string): number => flow.layout[id]?.y ?? 0;
  for (const { from, to } of flow.links.toSorted((a, b) => height(a.to.component) - height(b.to.component))) {
    const { outlets } = of(from.component);
    const { inlets } = of(to.component);
    if (!outlets.includes(from.port)) outlets.push(from.port);
    if (!inlets.includes(to.port)) inlets.push(to.port);
  }
  return used;
}

interface End {
  x: number;
  y: number;
  down: boolean;
}

function portAt(component: Placed | undefined, name: string, way: "in" | "out"): End {
  const found = component?.shape.ports.find((one) => one.name === name && one.way === way);
  return {
    x: (component?.x ?? 0) + (found?.x ?? 0),
    y: (component?.y ?? 0) + (found?.y ?? 0),
    down: found?.side === "bottom",
  };
}

function curve(from: End, to: End): string {
  const reach = Math.max(24, Math.abs(to.x - from.x) * 0.45);
  const begin = from.down
    ? `${from.x} ${from.y + Math.max(24, Math.abs(to.y - from.y) * 0.6)}`
    : `${from.x + reach} ${from.y}`;
  return `M${from.x} ${from.y} C${begin} ${to.x - reach} ${to.y} ${to.x} ${to.y}`;
}
