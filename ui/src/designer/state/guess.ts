import type { Edit, Flow, FlowPatch } from "../../platform";
import { patched } from "./patch";

/**
 * The document as an edit will leave it, as far as that is plain; undefined where only the host can tell. It is shown until the
 * host has answered.
 */
export function guessed(flow: Flow, edit: Edit): Flow | undefined {
  switch (edit.edit) {
    case "removeComponent":
      return without(flow, edit.id);
    case "disconnect":
      return patched(flow, { ...NOTHING, removedLinks: [edit.link] });
    case "move":
      return patched(flow, { ...NOTHING, layout: { [edit.id]: edit.position } });
    case "batch":
      return edit.edits.reduce<Flow | undefined>((before, one) => before && guessed(before, one), flow);
    default:
      return undefined;
  }
}

const NOTHING: FlowPatch = {
  components: {},
  removedComponents: [],
  links: [],
  removedLinks: [],
  groups: {},
  removedGroups: [],
  layout: {},
};

/** Without a component, what is in its body, and their links. What becomes of the groups around them the host knows. */
function without(flow: Flow, id: string): Flow | undefined {
  const removed = new Set([id]);
  // A body may hold components that have bodies.
  for (const around of removed)
    for (const [inside, { parent }] of Object.entries(flow.components)) if (parent === around) removed.add(inside);
  if (Object.values(flow.groups).some(({ members }) => members.some((member) => removed.has(member)))) return undefined;
  const removedLinks = flow.links.filter(({ from, to }) => removed.has(from.component) || removed.has(to.component));
  return patched(flow, { ...NOTHING, removedComponents: [...removed], removedLinks });
}
