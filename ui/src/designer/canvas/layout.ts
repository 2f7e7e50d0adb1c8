import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import elkWorker from "elkjs/lib/elk-worker.min.js?url";
import type { Edit, PortRef, Position } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { onGrid, shapeOf } from "./geometry";

/** How long the layout may take before it is given up. */
const DEADLINE_MS = 8000;

const sides = { left: "WEST", right: "EAST", bottom: "SOUTH" };
const portId = ({ component, port }: PortRef, way: "in" | "out"): string => `${component} ${way} ${port}`;

/** Arranges all components of a flow from left to right, as one undo step. The work is done off the page's thread. */
export async function layOut(flow: DrawnFlow): Promise<void> {
  // Made for one layout: ending it ends its worker, also when it took too long.
  const elk = new ELK({ workerFactory: () => new Worker(elkWorker) });
  try {
    const edits = moves(flow, await inTime(elk.layout(graphOf(flow))));
    if (edits.length > 0 && (await flow.edit({ edit: "batch", edits }))) flow.canvas?.fit();
  } catch (thrown) {
    toasts.error("The components were not arranged", thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    elk.terminateWorker();
  }
}

function graphOf(flow: DrawnFlow): ElkNode {
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
    children: Object.entries(flow.document.components).map(([id, component]) => {
      const { width, height, ports } = shapeOf(
        designer.descriptions.get(component.type),
        flow.views[id],
        flow.linkedPorts.get(id),
      );
      return {
        id,
        width,
        height,
        layoutOptions: { "elk.portConstraints": "FIXED_POS" },
        ports: ports.map(({ name, way, side, x, y }) => ({
          id: portId({ component: id, port: name }, way),
          x,
          y,
          width: 0,
          height: 0,
          layoutOptions: { "elk.port.side": sides[side] },
        })),
      };
    }),
    edges: flow.document.links.map(({ from, to }, index) => ({
      id: String(index),
      sources: [portId(from, "out")],
      targets: [portId(to, "in")],
    })),
  };
}

function moves(flow: DrawnFlow, placed: ElkNode): Edit[] {
  const { components, layout } = flow.document;
  return (placed.children ?? []).flatMap(({ id, x = 0, y = 0 }): Edit[] => {
    const position: Position = onGrid({ x, y });
    const same = layout[id]?.x === position.x && layout[id].y === position.y;
    return same || !(id in components) ? [] : [{ edit: "move", id, position }];
  });
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("The flow is too large to be arranged in time.")), DEADLINE_MS),
  );
  return Promise.race([work, late]);
}
