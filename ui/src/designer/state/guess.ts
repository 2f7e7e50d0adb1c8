import type { ComponentView, Edit, Flow, FlowPatch } from "../../platform";
import { patched } from "./patch";

/** Views of components, by their ids. */
export type Views = Readonly<Record<string, ComponentView>>;

/** What is plain of how a new component looks, save its ports. */
export const NEW: Omit<ComponentView, "ports"> = { line: "", settles: false, unprotected: false, sets: [] };

/**
 * The document as an edit will leave it, as far as that is plain; undefined where only the host can tell. It is shown until the
 * host has answered. A component that is added can be shown when its view is among `views`.
 */
export function guessed(flow: Flow, edit: Edit, views: Views = {}): Flow | undefined {
  const patch: FlowPatch = {
    components: {},
    removedComponents: [],
    links: [],
    removedLinks: [],
    groups: {},
    removedGroups: [],
    layout: {},
  };
  return adds(flow, edit, views, patch) ? patched(flow, patch) : undefined;
}

/** Adds what an edit changes to what those before it do; answers whether that is plain. */
function adds(flow: Flow, edit: Edit, views: Views, patch: FlowPatch): boolean {
  switch (edit.edit) {
    case "addComponent":
      if (!(edit.id in views) || edit.index !== undefined) return false;
      patch.components[edit.id] = edit.component;
      patch.layout[edit.id] = edit.position;
      return true;
    case "removeComponent":
      return removes(flow, edit.id, patch);
    case "connect":
      patch.links.push(edit.link);
      return true;
    case "disconnect":
      patch.removedLinks.push(edit.link);
      return true;
    case "move":
      patch.layout[edit.id] = edit.position;
      return true;
    case "setGroup":
      if (edit.group) patch.groups[edit.id] = edit.group;
      else patch.removedGroups.push(edit.id);
      return true;
    case "batch":
      return edit.edits.every((one) => adds(flow, one, views, patch));
    default:
      return false;
  }
}

/** Removes a component, what is in its body, and their links. What becomes of the groups around them the host knows. */
function removes(flow: Flow, id: string, patch: FlowPatch): boolean {
  const removed = new Set([id]);
  // A body may hold components that have bodies.
  for (const around of removed)
    for (const [inside, { parent }] of Object.entries(flow.components)) if (parent === around) removed.add(inside);
  if (Object.values(flow.groups).some(({ members }) => members.some((member) => removed.has(member)))) return false;
  patch.removedComponents.push(...removed);
  for (const link of flow.links)
    if (removed.has(link.from.component) || removed.has(link.to.component)) patch.removedLinks.push(link);
  return true;
}
