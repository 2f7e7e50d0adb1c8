import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import elkWorker from "elkjs/lib/elk-worker.min.js?url";
import type { Edit, PortRef } from "../../platform";
import { reachOf } from "../../shared/bodies";
import { toasts } from "../../shared/toasts.svelte";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { asOne } from "./bodies";
import type { Drawing } from "./drawn";
import { BODY_START, onGrid, shapeOf, type Reach, type Shape } from "./geometry";

/** How long the layout may take before it is given up. */
const DEADLINE_MS = 8000;

const sides = { left: "WEST", right: "EAST", bottom: "SOUTH" };
const portId = ({ component, port }: PortRef, way: "in" | "out"): string => `${component} ${way} ${port}`;

/**
 * Arranges all components of a flow from left to right, as one undo step: first what is in each body, then what is
 * around it. The work is done off the page's thread.
 */
export async function layOut(flow: DrawnFlow): Promise<void> {
  // Made for one layout: ending it ends its worker, also when it took too long.
  const elk = new ELK({ workerFactory: () => new Worker(elkWorker) });
  try {
    const { drawing } = designer;
    const edits = await inTime(arrange(elk, flow, drawing, undefined));
    const edit = asOne(edits.moves);
    if (edit && (await flow.edit(edit))) flow.canvas?.fit();
  } catch (thrown) {
    toasts.error("The components were not arranged", thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    elk.terminateWorker();
  }
}

interface Arranged {
  moves: Edit[];
  /** How far what is in the body reaches; undefined of an empty one. */
  reach: Reach | undefined;
}

/** Arranges what is in a body (none: the top level), and what is in the bodies there. */
async function arrange(
  elk: { layout: (graph: ElkNode) => Promise<ElkNode> },
  flow: DrawnFlow,
  drawing: Drawing,
  body: string | undefined,
): Promise<Arranged> {
  const moves: Edit[] = [];
  const shapes = new Map<string, Shape>();
  for (const { id, parent, shape } of drawing.values()) {
    if (parent !== body) continue;
    if (shape.kind !== "frame") shapes.set(id, shape);
    else {
      const inside = await arrange(elk, flow, drawing, id);
      moves.push(...inside.moves);
      const description = designer.descriptions.get(flow.component(id)?.type ?? "");
      shapes.set(id, shapeOf(description, flow.views[id], flow.linkedPorts.get(id), inside.reach));
    }
  }
  if (shapes.size === 0) return { moves, reach: undefined };
  const { children = [] } = await elk.layout(graphOf(flow, shapes));
  const left = body === undefined ? 0 : BODY_START.x - Math.min(...children.map(({ x = 0 }) => x));
  const top = body === undefined ? 0 : BODY_START.y - Math.min(...children.map(({ y = 0 }) => y));
  const placed = children.flatMap(({ id, x = 0, y = 0 }) => {
    const shape = shapes.get(id);
    return shape ? [{ id, shape, at: onGrid({ x: x + left, y: y + top }) }] : [];
  });
  for (const { id, at } of placed) {
    const before = drawing.get(id)?.at;
    if (before?.x !== at.x || before.y !== at.y) moves.push({ edit: "move", id, position: at });
  }
  return { moves, reach: reachOf(placed) };
}

function graphOf(flow: DrawnFlow, shapes: ReadonlyMap<string, Shape>): ElkNode {
  const within = flow.document.links.filter(({ from, to }) => shapes.has(from.component) && shapes.has(to.component));
  return {
    id: "flow",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.spacing.nodeNode": "56",
      "elk.layered.spacing.nodeNodeBetweenLayers": "64",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: [...shapes].map(([id, { width, height, ports }]) => ({
      id,
      width,
      height,
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
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
    })),
    edges: within.map(({ from, to }, index) => ({
      id: String(index),
      sources: [portId(from, "out")],
      targets: [portId(to, "in")],
    })),
  };
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("The flow is too large to be arranged in time.")), DEADLINE_MS),
  );
  return Promise.race([work, late]);
}
