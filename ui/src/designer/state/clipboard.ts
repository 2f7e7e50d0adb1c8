import { CallError, platform, type FlowChange } from "../../platform";
import { counted } from "../../shared/time";
import { toasts } from "../../shared/toasts.svelte";
import { copied, copiesOf, cornerOf, type Copied, type Part } from "./copies";
import type { DrawnFlow, Spot } from "./flow.svelte";

/** What was copied last, for hosts whose page may not read the clipboard. */
let kept: { text: string; copied: Copied } | undefined;

/** How far beside the original a duplicate is put. */
const BESIDE = 32;

/** Copies what is chosen as text. */
export async function copy(flow: DrawnFlow): Promise<boolean> {
  const part = chosen(flow);
  const parts = copied(flow.document, flow.views, part);
  const text = await textOf(flow, part);
  if (text === undefined) return false;
  kept = { text, copied: parts };
  await navigator.clipboard.writeText(text).catch(() => undefined);
  flow.say(`Copied ${said(flow)}`);
  return true;
}

/** Copies what is chosen and takes it out. */
export async function cut(flow: DrawnFlow): Promise<void> {
  const part = chosen(flow);
  if (!(await copy(flow))) return;
  flow.choose(part);
  await flow.remove();
}

/**
 * Puts what was copied into a flow and chooses it: under the pointer, or in the middle of what is seen. Without `text` the
 * clipboard is asked.
 */
export async function paste(flow: DrawnFlow, text?: string): Promise<void> {
  const given = (text ?? (await navigator.clipboard.readText().catch(() => ""))) || (kept?.text ?? "");
  const spot = flow.canvas?.pointed() ?? flow.canvas?.middle() ?? { position: { x: 0, y: 0 } };
  const isKept = given === kept?.text && (await putCopies(flow, kept.copied, spot)) !== undefined;
  if (!isKept) await putText(flow, given, spot);
}

/** Puts a copy of what is chosen beside it and chooses that. */
export async function duplicate(flow: DrawnFlow): Promise<void> {
  const part = chosen(flow);
  const outermost = flow.outermost(part.components);
  const parent = flow.component(outermost[0])?.parent;
  const places = [
    ...outermost.flatMap((id) => flow.document.layout[id] ?? []),
    ...part.groups.flatMap((id) => flow.document.groups[id]?.area ?? []),
  ];
  if (places.length === 0) return;
  const corner = cornerOf(places);
  await pasteAt(flow, part, { parent, position: { x: corner.x + BESIDE, y: corner.y + BESIDE } });
}

/** Puts a copy of some components and groups of a flow somewhere in it and chooses that. */
export async function pasteAt(flow: DrawnFlow, part: Part, spot: Spot): Promise<boolean> {
  return (await putCopies(flow, copied(flow.document, flow.views, part), spot)) ?? false;
}

/** What is chosen; the components of a chosen group come with it. */
function chosen(flow: DrawnFlow): Part {
  const groups = [...flow.selectedGroups];
  const members = groups.flatMap((id) => flow.document.groups[id]?.members ?? []);
  return { components: [...new Set([...flow.selected, ...members])], groups };
}

async function textOf(flow: DrawnFlow, part: Part): Promise<string | undefined> {
  if (part.components.length + part.groups.length === 0) return undefined;
  try {
    return (await platform.call("flow_copy", { flow: flow.name, ...part })).text;
  } catch (thrown) {
    toasts.error("Nothing was copied", CallError.from(thrown).message);
    return undefined;
  }
}

/** Puts copies into a flow and chooses them; answers whether that was done, undefined when there is nothing to copy. */
function putCopies(flow: DrawnFlow, from: Copied, spot: Spot): Promise<boolean> | undefined {
  const copies = copiesOf(from, flow.document, spot);
  return copies && flow.edit(copies.edit, { views: copies.views, choice: copies.outermost });
}

/** Has the host put what was copied as text into a flow, and chooses it. */
async function putText(flow: DrawnFlow, text: string, { parent, position }: Spot): Promise<void> {
  let change: FlowChange;
  try {
    const into = { flow: flow.name, position, ...(parent === undefined ? {} : { parent }) };
    change = await platform.call("flow_paste", { ...into, text });
  } catch (thrown) {
    const { message } = CallError.from(thrown);
    toasts.error("Nothing was pasted", message);
    flow.say(`Nothing was pasted: ${message}`);
    return;
  }
  flow.take(change);
  const { components, groups } = change.patch;
  // What came along in a body is chosen with the component that has it.
  const outermost = Object.keys(components).filter((id) => !((components[id]?.parent ?? "") in components));
  flow.choose({ components: outermost, groups: Object.keys(groups) });
  flow.say(flow.state.undo ?? "");
}

/** What is chosen, in words. */
function said({ selected, selectedGroups }: DrawnFlow): string {
  const words = [
    selected.size > 0 ? counted(selected.size, "component") : "",
    selectedGroups.size > 0 ? counted(selectedGroups.size, "note or group", "notes or groups") : "",
  ];
  return words.filter(Boolean).join(" and ");
}
