import type { Component, Flow, FlowPatch, Group, Link, Position } from "../../platform";

/** Identity of a link within its flow. */
export function linkId(link: Link): string {
  return `${link.from.component}.${link.from.port}>${link.to.component}.${link.to.port}`;
}

/**
 * The document after a change. What did not change keeps its identity, so that only what changed is drawn again.
 */
export function patched(flow: Flow, patch: FlowPatch): Flow {
  const removed = new Set(patch.removedComponents);
  const removedLinks = new Set(patch.removedLinks.map(linkId));
  const linksStay = removedLinks.size === 0 && patch.links.length === 0;
  return {
    ...flow,
    description: patch.description ?? flow.description,
    components: merged<Component>(flow.components, patch.components, removed),
    groups: merged<Group>(flow.groups, patch.groups, new Set(patch.removedGroups)),
    layout: merged<Position>(flow.layout, patch.layout, removed),
    links: linksStay ? flow.links : [...flow.links.filter((link) => !removedLinks.has(linkId(link))), ...patch.links],
  };
}

/** `before` without what is removed and with what is new or changed. */
export function merged<T>(
  before: Record<string, T>,
  changed: Record<string, T | undefined>,
  removed: ReadonlySet<string>,
): Record<string, T> {
  if (removed.size === 0 && Object.keys(changed).length === 0) return before;
  const after = { ...before };
  for (const id of removed) Reflect.deleteProperty(after, id);
  for (const [id, value] of Object.entries(changed)) if (value !== undefined) after[id] = value;
  return after;
}
