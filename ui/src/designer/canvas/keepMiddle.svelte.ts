import { untrack } from "svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { sightOf } from "./handle";
import { viewKept, type Size, type Viewport } from "./view";

/**
 * Keeps what is in the middle of the canvas there when it becomes larger or smaller: a window is resized, a panel opens. To be
 * called while a component is made.
 */
export function keepMiddle(
  flow: () => DrawnFlow,
  size: () => Size,
  view: () => Viewport,
  show: (next: Viewport) => void,
): void {
  let before: Size = { width: 0, height: 0 };
  $effect(() => {
    const now = size();
    // A canvas that is not shown has no middle.
    if (now.width === 0 || now.height === 0) return;
    const isOther = before.width > 0 && (before.width !== now.width || before.height !== now.height);
    if (isOther) untrack(() => show(viewKept(view(), before, now, chosenOf(flow()))));
    before = now;
  });
}

/** What has to be seen of what is chosen: of several components that on which the keyboard stands. */
function chosenOf(flow: DrawnFlow): ReturnType<typeof sightOf> {
  const id = flow.selected.size > 0 ? flow.cursor : flow.selectedGroup;
  return id ? sightOf(flow, id) : undefined;
}
