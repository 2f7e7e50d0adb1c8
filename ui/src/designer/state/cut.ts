import type { Edit, FlowChange } from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { counted } from "../../shared/time";
import { linkId } from "./patch";

/** The ids of the links that an edit removed because what it moved into or out of a body is now over a border from them. */
export function cutBy(edit: Edit, { patch }: FlowChange): string[] {
  const edits = edit.edit === "batch" ? edit.edits : [edit];
  if (!edits.some((one) => one.edit === "setParent")) return [];
  const asked = new Set(edits.flatMap((one) => (one.edit === "disconnect" ? [linkId(one.link)] : [])));
  return patch.removedLinks.map(linkId).filter((id) => !asked.has(id));
}

/** Says how many links an edit removed without being asked to, and the way back. */
export function tellCut(flow: string, edit: Edit, change: FlowChange): void {
  const { length } = cutBy(edit, change);
  if (length === 0) return;
  const [were, them] = length === 1 ? ["was", "it"] : ["were", "them"];
  const text = `Links cannot pass the border of a body. Undo brings ${them} back.`;
  toasts.info(`${counted(length, "link")} ${were} removed`, text, aboutCut(flow));
}

/** An edit was undone: what it removed is back. */
export function forgetCut(flow: string): void {
  toasts.forget(aboutCut(flow));
}

function aboutCut(flow: string): string {
  return `cut ${flow}`;
}
