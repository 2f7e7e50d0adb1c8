import type { Family, Flow, Position } from "../generated/types";
import { palette } from "../generated/palette";
import { placeAll, type Placed } from "../shared/bodies";
import { portsInUse, type LinkedPorts } from "../shared/links";
import { BODY_START, CARD_WIDTH, roleOf, shapeOf, type PortRole, type Shape } from "../designer/canvas/geometry";

/** How a component of this type looks; one that this release does not know is drawn as a plain box. */
export function lookOfType(type: string): { family: Family | undefined; icon: string; title: string } {
  const known = Object.hasOwn(palette, type) ? palette[type as keyof typeof palette] : undefined;
  return known ?? { family: undefined, icon: "box", title: type };
}

/** Where everything of a flow is drawn, moved so that the picture begins at 0, 0. Frames come before what is in them. */
export interface Picture {
  components: Placed<Shape>[];
  links: { key: string; path: string; role: PortRole; from: string; to: string; inner: boolean }[];
  width: number;
  height: number;
}

const MARGIN = 20;
/** Cards are narrower than on the canvas and stand closer, so that most flows are seen as a whole. */
const NARROW = 168;
const APART = 32;

/** Draws a flow from its layout. Only the outlets and inlets that links use are known here, and only they are drawn. */
export function pictureOf(flow: Flow): Picture {
  // From top to bottom, so that links do not cross at their component.
  const height = (id: string): number => flow.layout[id]?.y ?? 0;
  const used = portsInUse(
    flow,
    flow.links.toSorted((a, b) => height(a.to.component) - height(b.to.component)),
  );
  const parents = new Set(Object.values(flow.components).map(({ parent }) => parent));
  const all = placeAll<Shape>(flow, {
    hasBody: (id) => parents.has(id),
    shape: (id, body) => {
      const saves = flow.components[id]?.type === "Checkpoint";
      const shape = shapeOf({ saves } as Parameters<typeof shapeOf>[0], viewOf(used.get(id)), used.get(id), body);
      return shape.kind === "card" ? narrowed(shape) : shape;
    },
    arrange: closer,
  });
  const placed = [...all.values()];
  const top = Math.min(...placed.map(({ place }) => place.y)) - MARGIN;
  const components = placed.map((one) => ({ ...one, place: { x: one.place.x + MARGIN, y: one.place.y - top } }));
  const byId = new Map(components.map((one) => [one.id, one]));
  const links = flow.links.map(({ from, to }) => ({
    key: `${from.component}.${from.port} ${to.component}.${to.port}`,
    path: curve(portAt(byId.get(from.component), from.port, "out"), portAt(byId.get(to.component), to.port, "in")),
    role: roleOf(from.port),
    // A link inside of a body lies above its frame; the others pass behind.
    inner: (byId.get(from.component)?.parent ?? byId.get(to.component)?.parent) !== undefined,
    from: from.component,
    to: to.component,
  }));
  return {
    components,
    links,
    width: Math.max(...components.map(({ place, shape }) => place.x + shape.width)) + MARGIN,
    height: Math.max(...components.map(({ place, shape }) => place.y + shape.height)) + MARGIN,
  };
}

function viewOf(used: LinkedPorts | undefined): NonNullable<Parameters<typeof shapeOf>[1]> {
  const port = (name: string): { name: string; title: string } => ({ name, title: name });
  const list = (names: ReadonlySet<string> | undefined): { name: string; title: string }[] =>
    [...(names ?? [])].map(port);
  const ports = {
    inlets: list(used?.inlets),
    outlets: list(used?.outlets),
    bodyInlets: list(used?.bodyInlets),
    bodyOutlets: list(used?.bodyOutlets),
  };
  return { ports, line: "", settles: false, sets: [], unprotected: false };
}

function narrowed(shape: Shape): Shape {
  const moved = (one: Shape["ports"][number]): Shape["ports"][number] =>
    one.side === "left" ? one : { ...one, x: one.x - CARD_WIDTH + NARROW };
  return { ...shape, width: NARROW, ports: shape.ports.map(moved), rows: shape.rows.map(moved) };
}

/**
 * Moves what stands side by side to the left where nothing stands between it and its neighbours. The first is at 0, or
 * where a body begins.
 */
function closer(
  side: readonly { id: string; at: Position; shape: Shape }[],
  inBody: boolean,
): { id: string; at: Position }[] {
  const begin = inBody ? BODY_START.x : 0;
  let end = begin;
  let shift = Number.NaN;
  return side
    .toSorted((a, b) => a.at.x - b.at.x)
    .map(({ id, at, shape }) => {
      if (Number.isNaN(shift)) shift = begin - at.x;
      else if (at.x + shift > end + APART) shift = end + APART - at.x;
      const x = at.x + shift;
      end = Math.max(end, x + shape.width);
      return { id, at: { x, y: at.y } };
    });
}

interface End {
  x: number;
  y: number;
  down: boolean;
}

function portAt(component: Placed<Shape> | undefined, name: string, way: "in" | "out"): End {
  const found = component?.shape.ports.find((one) => one.name === name && one.way === way);
  return {
    x: (component?.place.x ?? 0) + (found?.x ?? 0),
    y: (component?.place.y ?? 0) + (found?.y ?? 0),
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
