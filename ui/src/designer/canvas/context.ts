import { getContext, setContext } from "svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import type { LinkDrawing } from "./linkDrawing.svelte";

/** What the drawn components and links of a canvas share. */
export interface CanvasContext {
  readonly flow: DrawnFlow;
  readonly linking: LinkDrawing;
  /** Whether the canvas is seen from so far that components are drawn as plain placeholders. */
  readonly far: boolean;
  /** How large all is drawn: 1 is its own size. */
  readonly zoom: number;
  /** Whether small print can be read at this zoom. */
  readonly legible: boolean;
  /** Whether the keyboard is on the canvas. */
  readonly focused: boolean;
  /** The component into whose body what is being dragged would go. */
  readonly marked: string | undefined;
  /** The link that what is being dragged would be put on, by its id. */
  readonly markedLink: string | undefined;
  /** Under the failure lens: what runs again when the chosen component fails; undefined when none is chosen. */
  readonly runsAgain: ReadonlySet<string> | undefined;
}

const KEY = Symbol("canvas");

export function provideCanvas(context: CanvasContext): void {
  setContext(KEY, context);
}

export function useCanvas(): CanvasContext {
  return getContext<CanvasContext>(KEY);
}
