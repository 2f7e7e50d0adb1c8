import { getContext, setContext } from "svelte";
import type { DrawnFlow } from "../state/flow.svelte";

/** What the drawn components and links of a canvas share. */
export interface CanvasContext {
  readonly flow: DrawnFlow;
  /** Whether the canvas is seen from so far that components are drawn as plain placeholders. */
  readonly far: boolean;
  /** Whether the keyboard is on the canvas. */
  readonly focused: boolean;
  /** The component into whose body what is being dragged would go. */
  readonly marked: string | undefined;
}

const KEY = Symbol("canvas");

export function provideCanvas(context: CanvasContext): void {
  setContext(KEY, context);
}

export function useCanvas(): CanvasContext {
  return getContext<CanvasContext>(KEY);
}
