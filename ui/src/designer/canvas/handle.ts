import { getViewportForBounds, type useSvelteFlow } from "@xyflow/svelte";
import type { Area, Position } from "../../platform";
import { designer } from "../state/designer.svelte";
import type { CanvasHandle, DrawnFlow, Spot } from "../state/flow.svelte";
import { spotAt } from "./bodies";
import { motion } from "./canvasView.svelte";
import { CARD_HEIGHT, CARD_WIDTH } from "./geometry";
import { areaOf } from "./groups";
import { headOf, viewOn, type Viewport } from "./view";

/** How much larger all is drawn a step closer. */
const ZOOM_STEP = 1.2;

/** What a canvas that shows a flow tells of itself. */
interface Canvas {
  flow: DrawnFlow;
  library: ReturnType<typeof useSvelteFlow>;
  element: HTMLElement;
  view: () => Viewport;
  /** Where the pointer is over the canvas, while it is what is used. */
  pointer: () => Position | undefined;
  markBody: (body: string | undefined) => void;
  write: CanvasHandle["write"];
}

/** Where a card is whose middle is at a place of the window. */
export function spotIn(library: Canvas["library"], place: Position): Spot {
  const { x, y } = library.screenToFlowPosition(place);
  return spotAt(designer.drawing, { x, y }, { x: x - CARD_WIDTH / 2, y: y - CARD_HEIGHT / 2 });
}

/** Goes a step closer, or further away. The library's own step is that of a canvas which is not shown yet when it is got. */
export function zoomStep(library: Canvas["library"], closer: boolean, duration: number): void {
  const zoom = library.getZoom();
  void library.setZoom(closer ? zoom * ZOOM_STEP : zoom / ZOOM_STEP, { duration });
}

/** What a canvas can be asked to do. */
export function handleOf({ flow, library, element, view, pointer, markBody, write }: Canvas): CanvasHandle {
  const middle = (): Position => {
    const box = element.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  };
  const show = (next: Viewport | undefined, time: number): void => {
    if (next) void library.setViewport(next, { duration: motion(time) });
  };
  return {
    zoom: () => view().zoom,
    zoomIn: () => zoomStep(library, true, motion(120)),
    zoomOut: () => zoomStep(library, false, motion(120)),
    zoomToFull: () => void library.setZoom(1, { duration: motion(120) }),
    fit: (only) => {
      const { width, height } = element.getBoundingClientRect();
      const bounds = boundsOf(flow, only);
      if (bounds) show(getViewportForBounds(bounds, width, height, 0.1, 1, 0.12), 200);
    },
    reveal: (id) => {
      const area = sightOf(flow, id);
      show(area && viewOn(area, view(), element.getBoundingClientRect()), 160);
    },
    middle: () => spotIn(library, middle()),
    center: () => library.screenToFlowPosition(pointer() ?? middle()),
    pointed: () => {
      const at = pointer();
      return at && spotIn(library, at);
    },
    at: (x, y) =>
      document.elementFromPoint(x, y)?.closest(".canvas") === element ? spotIn(library, { x, y }) : undefined,
    markBody,
    write,
    focus: () => element.focus({ preventScroll: true }),
  };
}

/** What has to be seen of a component, a group or a note for it to be in sight. */
export function sightOf(flow: DrawnFlow, id: string): Area | undefined {
  const drawn = designer.drawing.get(id);
  return drawn ? headOf(drawn) : groupArea(flow, id);
}

/** Where a group or a note is drawn. */
function groupArea(flow: DrawnFlow, id: string): Area | undefined {
  const group = flow.document.groups[id];
  return group && areaOf(group, designer.drawing);
}

/** What is around the whole flow, or around some of its components, groups and notes; undefined when nothing is drawn. */
function boundsOf(flow: DrawnFlow, only?: Iterable<string>): Area | undefined {
  const { drawing } = designer;
  const ids = only ? [...only] : [...drawing.keys(), ...Object.keys(flow.document.groups)];
  const boxes = ids.flatMap((id): Area | [] => {
    const drawn = drawing.get(id);
    if (!drawn) return groupArea(flow, id) ?? [];
    const { width, height } = drawn.shape;
    return { ...drawn.place, width, height };
  });
  if (boxes.length === 0) return undefined;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const width = Math.max(...boxes.map((box) => box.x + box.width)) - x;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) - y;
  return { x, y, width, height };
}
