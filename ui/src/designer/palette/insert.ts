import { BODY_START, MILESTONE_WIDTH, placeAfter, CARD_WIDTH, roleOf } from "../canvas/geometry";
import { placeBetween } from "../canvas/insertion";
import { firstOutlet } from "../canvas/linking";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkPlace } from "../../shared/links";

/**
 * Adds a component without a pointer: behind the chosen component, linked where it can be, or in the middle of what
 * is seen.
 */
export async function insertChosen(kind: string, after?: string): Promise<void> {
  const flow = designer.active;
  if (!flow) return;
  const chosen = after ?? (flow.selected.size === 1 ? [...flow.selected][0] : undefined);
  const before = chosen === undefined ? undefined : designer.drawing.get(chosen);
  if (!before) {
    await designer.insert(kind, flow.canvas?.middle() ?? { position: { x: 0, y: 0 } });
    return;
  }
  const { id: component, parent, shape, at } = before;
  const onward = flow.outgoing(component).filter((link) => linkPlace(flow.document, link) !== "enters");
  const [only] = onward;
  // Where one link goes on from it, the new component comes between.
  const followsOn = only && onward.length === 1 && roleOf(only.from.port) === "ordinary";
  if (followsOn && fits(kind)) {
    await placeBetween(flow, kind, undefined, only);
    return;
  }
  const position = placeAfter(at, shape, placesIn(parent));
  if (designer.descriptions.get(kind)?.saves) position.x += (CARD_WIDTH - MILESTONE_WIDTH) / 2;
  const outlets = shape.ports.filter(({ way, role, inner }) => way === "out" && role === "ordinary" && !inner);
  const outlet = outlets.find(({ linked }) => !linked) ?? outlets[0];
  await insertAt(flow, kind, { parent, position }, outlet && { component, port: outlet.name });
}

/** Whether a component of a type can stand between two others. */
function fits(kind: string): boolean {
  const ports = designer.ports[kind];
  return !!ports && ports.inlets.length > 0 && firstOutlet(ports) !== undefined;
}

/** Adds a component to the body of another; the first one there is linked to the body's entry. */
export async function insertInto(kind: string, body: string): Promise<void> {
  const flow = designer.active;
  const around = designer.drawing.get(body);
  if (!flow || around?.shape.kind !== "frame") return;
  const taken = placesIn(body);
  const position = { x: BODY_START.x, y: Math.max(BODY_START.y, ...taken.map(({ y }) => y + 128)) };
  const entry = around.shape.ports.find(({ way, inner, linked }) => way === "out" && inner && !linked);
  await insertAt(flow, kind, { parent: body, position }, entry && { component: body, port: entry.name });
}

async function insertAt(flow: DrawnFlow, kind: string, ...where: TailOf<typeof designer.insert>): Promise<void> {
  const id = await designer.insert(kind, ...where);
  if (id) flow.canvas?.reveal(id);
}
type TailOf<Call> = Call extends (kind: string, ...rest: infer Rest) => unknown ? Rest : never;

function placesIn(body: string | undefined): { x: number; y: number }[] {
  return [...designer.drawing.values()].filter(({ parent }) => parent === body).map(({ at }) => at);
}
