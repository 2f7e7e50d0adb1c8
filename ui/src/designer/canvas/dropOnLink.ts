import { platform, type Edit, type Link } from "../../platform";
import { linkPlace } from "../../shared/links";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow, Spot } from "../state/flow.svelte";
import { addTo, seenFrom } from "./bodies";
import { roleOf } from "./geometry";

/** The link that is drawn at a place of the window, if there is one. */
export function linkAt(flow: DrawnFlow, x: number, y: number): Link | undefined {
  const edge = document.elementFromPoint(x, y)?.closest<SVGGElement>(".svelte-flow__edge");
  return edge?.dataset["id"] ? flow.linksById.get(edge.dataset["id"]) : undefined;
}

/** Puts a new component between the two ends of a link, into the body that the link is in, as one undo step. */
export async function placeBetween(flow: DrawnFlow, kind: string, spot: Spot, link: Link): Promise<void> {
  try {
    const { id, component, ports } = await platform.call("flow_new_component", { flow: flow.name, type: kind });
    const edits: Edit[] = [addTo(seenFrom(designer.drawing, spot, bodyOfLink(flow, link)), id, component)];
    const inlet = ports.inlets[0]?.name;
    const outlet = ports.outlets.find(({ name }) => roleOf(name) === "ordinary")?.name;
    if (inlet !== undefined && outlet !== undefined) {
      edits.push({ edit: "disconnect", link });
      edits.push({ edit: "connect", link: { from: link.from, to: { component: id, port: inlet } } });
      edits.push({ edit: "connect", link: { from: { component: id, port: outlet }, to: link.to } });
    }
    if (await flow.edit({ edit: "batch", edits })) flow.select([id]);
  } catch (thrown) {
    designer.fail("The component was not added", thrown);
  }
}

function bodyOfLink(flow: DrawnFlow, link: Link): string | undefined {
  const place = linkPlace(flow.document, link);
  if (place === "enters") return link.from.component;
  return place === "leaves" ? link.to.component : flow.component(link.from.component)?.parent;
}
