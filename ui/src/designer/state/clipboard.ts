import { CallError, platform, type ComponentId, type FlowChange } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import type { DrawnFlow, Spot } from "./flow.svelte";

/** What was copied last, for hosts whose page may not read the clipboard. */
let kept = "";

/** Components and groups of a flow. */
export interface Part {
  components: ComponentId[];
  groups: ComponentId[];
}

/** How far beside the original a duplicate is put. */
const BESIDE = 32;

/** Copies what is chosen as text. */
export async function copy(flow: DrawnFlow): Promise<boolean> {
  const text = await textOf(flow, chosen(flow));
  if (text === undefined) return false;
  kept = text;
  await navigator.clipboard.writeText(kept).catch(() => undefined);
  flow.say(`Copied ${counted(flow)}`);
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
  const given = text ?? ((await navigator.clipboard.readText().catch(() => "")) || kept);
  const spot = flow.canvas?.pointed() ?? flow.canvas?.middle() ?? { position: { x: 0, y: 0 } };
  await put(flow, given || kept, spot, "Nothing was pasted");
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
  const corner = { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
  await pasteAt(flow, part, { parent, position: { x: corner.x + BESIDE, y: corner.y + BESIDE } });
}

/** Puts a copy of some components and groups of a flow somewhere in it and chooses that. */
export async function pasteAt(flow: DrawnFlow, part: Part, spot: Spot): Promise<boolean> {
  const text = await textOf(flow, part);
  return text !== undefined && put(flow, text, spot, "Nothing was copied");
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

async function put(flow: DrawnFlow, text: string, { parent, position }: Spot, failed: string): Promise<boolean> {
  let change: FlowChange;
  try {
    const into = { flow: flow.name, position, ...(parent === undefined ? {} : { parent }) };
    change = await platform.call("flow_paste", { ...into, text });
  } catch (thrown) {
    const { message } = CallError.from(thrown);
    toasts.error(failed, message);
    flow.say(`${failed}: ${message}`);
    return false;
  }
  flow.take(change);
  const { components, groups } = change.patch;
  // What came along in a body is chosen with the component that has it.
  const outermost = Object.keys(components).filter((id) => !((components[id]?.parent ?? "") in components));
  flow.choose({ components: outermost, groups: Object.keys(groups) });
  flow.say(flow.state.undo ?? "");
  return true;
}

function counted({ selected, selectedGroups }: DrawnFlow): string {
  const words = [
    selected.size > 0 ? `${selected.size} component${selected.size === 1 ? "" : "s"}` : "",
    selectedGroups.size > 0 ? `${selectedGroups.size} note${selectedGroups.size === 1 ? "" : "s"} or groups` : "",
  ];
  return words.filter(Boolean).join(" and ");
}
