import type { Component, Flow, FlowChecked, FlowPatch, FlowView, Group, Link, Position } from "../../platform";

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

/** What the slower checks found, of which `news` has what changed since the check before. */
export function checkedAfter(before: FlowChecked, news: FlowChecked): FlowChecked {
  return {
    ...news,
    fields: merged(before.fields, news.fields, new Set()),
    expressions: merged(before.expressions, news.expressions, new Set()),
  };
}

/** Where the host's counts of a flow's changes and checks stand. */
type Counted = Pick<FlowView, "state" | "checked">;

/**
 * Whether a flow that was read is older than what is known of it by `now`. Only what came after it was asked for, `before`,
 * is compared: a host that was started anew counts from the beginning.
 */
export function isPast(read: Counted, before: Counted, now: Counted): boolean {
  const checks = ({ checked }: Counted): number => checked?.number ?? 0;
  return (
    (now.state !== before.state && read.state.revision < now.state.revision) ||
    (now.checked !== before.checked && checks(read) < checks(now))
  );
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

/** `truth`, with everything as in `shown` that is the same there: what was shown already is not drawn again. */
export function keeping(shown: Flow, truth: Flow): Flow {
  const known = new Set(shown.links);
  const others = truth.links.filter((link) => !known.has(link)).map(linkId);
  const ids = others.length === 0 ? new Set<string>() : new Set(shown.links.map(linkId));
  const links =
    shown.links.length === truth.links.length && others.every((id) => ids.has(id)) ? shown.links : truth.links;
  const kept = {
    ...truth,
    components: keptIn<Component>(shown.components, truth.components),
    groups: keptIn<Group>(shown.groups, truth.groups),
    layout: keptIn<Position>(shown.layout, truth.layout),
    links,
  };
  const isSame = Object.entries(kept).every(([name, value]) => shown[name as keyof Flow] === value);
  return isSame ? shown : kept;
}

/** The same for the entries of a record. */
export function keptIn<T>(shown: Record<string, T>, truth: Record<string, T>): Record<string, T> {
  if (shown === truth) return shown;
  let isSame = Object.keys(shown).length === Object.keys(truth).length;
  let kept = truth;
  for (const [id, value] of Object.entries(truth)) {
    const old = shown[id];
    if (old === value) continue;
    if (old === undefined || JSON.stringify(old) !== JSON.stringify(value)) isSame = false;
    else {
      if (kept === truth) kept = { ...truth };
      kept[id] = old;
    }
  }
  return isSame ? shown : kept;
}
