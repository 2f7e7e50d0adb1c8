import { CallError, platform } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import type { DrawnFlow } from "./flow.svelte";

/** What was copied last, for hosts whose page may not read the clipboard. */
let kept = "";

/** Copies the chosen components as text. */
export async function copy(flow: DrawnFlow): Promise<boolean> {
  if (flow.selected.size === 0) return false;
  try {
    kept = (await platform.call("flow_copy", { flow: flow.name, components: [...flow.selected] })).text;
  } catch (thrown) {
    toasts.error("Nothing was copied", CallError.from(thrown).message);
    return false;
  }
  await navigator.clipboard.writeText(kept).catch(() => undefined);
  return true;
}

/** Copies the chosen components and takes them out. */
export async function cut(flow: DrawnFlow): Promise<void> {
  if (await copy(flow)) await flow.remove();
}

/** Puts copied components into a flow and chooses them. Without `text` the clipboard is asked. */
export async function paste(flow: DrawnFlow, text?: string): Promise<void> {
  const given = text ?? ((await navigator.clipboard.readText().catch(() => "")) || kept);
  const { parent, position } = flow.canvas?.middle() ?? { position: { x: 0, y: 0 } };
  try {
    const into = { flow: flow.name, position, ...(parent === undefined ? {} : { parent }) };
    const change = await platform.call("flow_paste", { ...into, text: given || kept });
    flow.take(change);
    const { components } = change.patch;
    // What came along in a body is chosen with the component that has it.
    flow.select(Object.keys(components).filter((id) => !((components[id]?.parent ?? "") in components)));
  } catch (thrown) {
    toasts.error("Nothing was pasted", CallError.from(thrown).message);
  }
}
