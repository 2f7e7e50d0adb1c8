import { platform, type Edit, type Link, type PortRef, type Position } from "../../platform";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow, Spot } from "../state/flow.svelte";
import { NEW } from "../state/guess";
import { addTo, seenFrom } from "./bodies";
import type { Drawing } from "./drawn";
import { CARD_HEIGHT, CARD_WIDTH, COLUMN, MILESTONE_WIDTH, onGrid } from "./geometry";
import { bodyOfLink, firstOutlet } from "./linking";

/** How much room there is between a component and the next one. */
const GAP = COLUMN - CARD_WIDTH;

/** The link that is drawn at a place of the window, if there is one. */
export function linkAt(flow: DrawnFlow, x: number, y: number): Link | undefined {
  for (const element of document.elementsFromPoint(x, y)) {
    const id = element.closest<SVGGElement>(".svelte-flow__edge")?.dataset["id"];
    if (id) return flow.linksById.get(id);
  }
  return undefined;
}

/** What a new component is linked to: the outlet before it, the inlet after it. */
export interface Neighbours {
  before?: PortRef | undefined;
  after?: PortRef | undefined;
}

/** Puts a new component somewhere, linked to its neighbours where it has the ports for it. Answers its id. */
export async function insertLinked(
  flow: DrawnFlow,
  kind: string,
  spot: Spot,
  { before, after }: Neighbours,
): Promise<string | undefined> {
  return insert(flow, kind, (id, inlet, outlet) => ({
    spot,
    edits: [
      ...(before && inlet !== undefined ? [connect(before, { component: id, port: inlet })] : []),
      ...(after && outlet !== undefined ? [connect({ component: id, port: outlet }, after)] : []),
    ],
  }));
}

/**
 * Puts a new component on a link, into the body that the link is in, as one undo step. Without a spot, or where there is
 * no room at it, what follows makes way.
 */
export async function placeBetween(flow: DrawnFlow, kind: string, spot: Spot | undefined, link: Link): Promise<void> {
  const body = bodyOfLink(flow, link);
  const isMilestone = designer.descriptions.get(kind)?.saves ?? false;
  const given = spot && seenFrom(designer.drawing, spot, body);
  await insert(flow, kind, (id, inlet, outlet) => {
    const room = roomOn(designer.drawing, link, body, given?.position, isMilestone);
    const edits = inlet !== undefined && outlet !== undefined ? spliced(link, id, inlet, outlet) : [];
    return { spot: { parent: body, position: room.position }, edits: [...edits, ...room.moves] };
  });
}

/** The edits that put a component that is there already on a link. */
export function spliced(link: Link, id: string, inlet: string, outlet: string): Edit[] {
  return [
    { edit: "disconnect", link },
    connect(link.from, { component: id, port: inlet }),
    connect({ component: id, port: outlet }, link.to),
  ];
}

async function insert(
  flow: DrawnFlow,
  kind: string,
  where: (id: string, inlet: string | undefined, outlet: string | undefined) => { spot: Spot; edits: Edit[] },
): Promise<string | undefined> {
  try {
    const { id, component, ports } = await platform.call("flow_new_component", { flow: flow.name, type: kind });
    const { spot, edits } = where(id, ports.inlets[0]?.name, firstOutlet(ports)?.name);
    const edit: Edit = { edit: "batch", edits: [addTo(spot, id, component), ...edits] };
    const views = { [id]: { ...NEW, ports } };
    if (!(await flow.edit(edit, { views, choice: { components: [id] } }))) return undefined;
    flow.cursor = id;
    flow.canvas?.reveal(id);
    return id;
  } catch (thrown) {
    designer.fail("The component was not added", thrown);
    return undefined;
  }
}

/** A place for a component on a link, and how what follows makes way where there is no room. */
function roomOn(
  drawing: Drawing,
  link: Link,
  body: string | undefined,
  wanted: Position | undefined,
  isMilestone: boolean,
): { position: Position; moves: Edit[] } {
  const inset = isMilestone ? (CARD_WIDTH - MILESTONE_WIDTH) / 2 : 0;
  const [from, to] = [drawing.get(link.from.component), drawing.get(link.to.component)];
  const enters = from?.id === body;
  const left = !from || enters ? GAP : from.at.x + from.shape.width + GAP;
  const isFree = wanted && [from, to].every((end) => !end || end.id === body || !overlaps(wanted, end.at, end.shape));
  if (wanted && isFree) return { position: wanted, moves: [] };
  const y = (enters ? to?.at.y : from?.at.y) ?? wanted?.y ?? 0;
  const position = onGrid({ x: left, y });
  if (!to || to.id === body) return { position, moves: [] };
  const missing = position.x + CARD_WIDTH + GAP - to.at.x;
  if (missing <= 0) {
    // There is more room than it takes: in the middle of it.
    const middle = onGrid({ x: position.x - missing / 2, y: (y + to.at.y) / 2 });
    return { position: { x: middle.x + inset, y: middle.y }, moves: [] };
  }
  const behind = [...drawing.values()].filter(
    ({ id, parent, at }) => parent === body && at.x >= to.at.x && id !== from?.id,
  );
  const moves = behind.map(({ id, at }): Edit => ({
    edit: "move",
    id,
    position: onGrid({ x: at.x + missing, y: at.y }),
  }));
  return { position: { x: position.x + inset, y: position.y }, moves };
}

function overlaps(at: Position, other: Position, { width, height }: { width: number; height: number }): boolean {
  const [dx, dy] = [at.x - other.x, at.y - other.y];
  return dx < width && dx > -CARD_WIDTH && dy < height && dy > -CARD_HEIGHT;
}
function connect(from: PortRef, to: PortRef): Edit {
  return { edit: "connect", link: { from, to } };
}
