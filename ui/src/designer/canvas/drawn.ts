import type { Edge, Node } from "@xyflow/svelte";
import { Position } from "@xyflow/svelte";
import type { ComponentDescription, ComponentView, Link } from "../../platform";
import { placeAll, type Placed } from "../../shared/bodies";
import type { LinkedPorts } from "../../shared/links";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkId } from "../state/patch";
import { hasBody, shapeOf, type DrawnPort, type Reach, type Shape } from "./geometry";

const sides = { left: Position.Left, right: Position.Right, bottom: Position.Bottom };
const HANDLE = 10;

/** What the shape of a component follows from. */
interface Shaping {
  description: ComponentDescription | undefined;
  view: ComponentView | undefined;
  linked: LinkedPorts | undefined;
  body?: Reach | undefined;
  folded?: boolean;
}

/** Where every component of a flow is drawn. */
export type Drawing = ReadonlyMap<string, Placed<Shape>>;

/**
 * Draws a flow: the shape and the place of every component, frames before what is in them. What is in a body that is
 * folded away is not drawn.
 */
export function drawingOf(flow: DrawnFlow, descriptions: ReadonlyMap<string, ComponentDescription>): Drawing {
  // Read once: each look at a state of the window costs more than what is done with it here.
  const { document, views, linkedPorts, folded } = flow;
  const { components } = document;
  const known = (id: string): ComponentDescription | undefined => descriptions.get(components[id]?.type ?? "");
  const before = shapes(flow);
  const drawing = placeAll(document, {
    hasBody: (id) => hasBody(views[id]) || !known(id),
    shape: (id, body) =>
      before.of(id, {
        description: known(id),
        view: views[id],
        linked: linkedPorts.get(id),
        ...(folded.has(id) ? { folded: true } : { body }),
      }),
  });
  if (flow.folded.size === 0) return drawing;
  const isHidden = (id: string | undefined): boolean => {
    for (let up = id; up !== undefined; up = drawing.get(up)?.parent) if (flow.folded.has(up)) return true;
    return false;
  };
  return new Map([...drawing].filter(([, { parent }]) => !isHidden(parent)));
}

/** The shapes of a flow's components. One whose reasons are the same keeps its identity. */
class Shapes {
  readonly #known = new Map<string, { of: Shaping; shape: Shape }>();

  of(id: string, shaping: Shaping): Shape {
    const known = this.#known.get(id);
    if (known && isSame(known.of, shaping)) return known.shape;
    const { description, view, linked, body, folded } = shaping;
    const shape = shapeOf(description, view, linked, body, folded);
    this.#known.set(id, { of: shaping, shape });
    return shape;
  }
}

function isSame(one: Shaping, other: Shaping): boolean {
  return (
    one.description === other.description &&
    one.view === other.view &&
    one.folded === other.folded &&
    one.body?.right === other.body?.right &&
    one.body?.bottom === other.body?.bottom &&
    PORTS.every((way) => areSame(one.linked?.[way], other.linked?.[way]))
  );
}
const PORTS = ["inlets", "outlets", "bodyInlets", "bodyOutlets"] as const;
const areSame = (one?: ReadonlySet<string>, other?: ReadonlySet<string>): boolean =>
  one?.size === other?.size && [...(one ?? [])].every((name) => other?.has(name));

const shapesByFlow = new WeakMap<DrawnFlow, Shapes>();

function shapes(flow: DrawnFlow): Shapes {
  const known = shapesByFlow.get(flow) ?? new Shapes();
  shapesByFlow.set(flow, known);
  return known;
}

/**
 * Components of a flow as the canvas library wants them. One whose drawing is unchanged keeps its identity, so
 * that the library leaves it alone.
 */
export function drawnComponents(flow: DrawnFlow, drawing: Drawing, before: readonly Node[]): Node[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return [...drawing.values()].map(({ id, parent, at: position, shape }) => {
    const selected = flow.selected.has(id);
    const old = known.get(id);
    const same =
      old &&
      old.selected === selected &&
      old.parentId === parent &&
      old.position.x === position.x &&
      old.position.y === position.y &&
      old.data["shape"] === shape;
    if (same) return old;
    const { width, height } = shape;
    // Its measures are known: what was never in sight counts too when all is to be fitted into the window.
    const measured = { width, height };
    const handles = shape.ports.map(handleOf);
    const made: Node = { ...old, id, type: "component", data: { shape }, position, width, height, measured, handles };
    if (parent === undefined) delete made.parentId;
    else made.parentId = parent;
    return { ...made, selected };
  });
}

/** Links of a flow as the canvas library wants them. One whose drawing is unchanged keeps its identity. */
export function drawnLinks(flow: DrawnFlow, links: readonly Link[], before: readonly Edge[]): Edge[] {
  const known = new Map(before.map((edge) => [edge.id, edge]));
  return links.map((link) => {
    const id = linkId(link);
    const selected = flow.selectedLinks.has(id);
    const old = known.get(id);
    if (old && old.selected === selected) return old;
    return {
      id,
      type: "stream",
      source: link.from.component,
      sourceHandle: link.from.port,
      target: link.to.component,
      targetHandle: link.to.port,
      selected,
    };
  });
}

function handleOf({ name, way, side, x, y }: DrawnPort): NonNullable<Node["handles"]>[number] {
  return {
    id: name,
    type: way === "in" ? "target" : "source",
    position: sides[side],
    x: x - HANDLE / 2,
    y: y - HANDLE / 2,
    width: HANDLE,
    height: HANDLE,
  };
}
