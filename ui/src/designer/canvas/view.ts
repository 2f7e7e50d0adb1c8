import type { Area } from "../../platform";
import type { Placed } from "../../shared/bodies";
import type { Drawing } from "./drawn";
import { CARD_HEIGHT, CARD_WIDTH, ROW, type Shape } from "./geometry";
import { encloses, meets } from "./touching";

export interface Viewport {
  x: number;
  y: number;
  zoom: number;
}
export interface Size {
  width: number;
  height: number;
}

/** Below this zoom small print cannot be read. */
export const LEGIBLE = 0.6;
/** Below this zoom components are plain placeholders and links are drawn all at once: of many, and of few. */
const FAR = { many: 0.4, few: 0.2, from: 150 };

/** Whether a flow of so many components is seen from afar. */
export const isFar = (zoom: number, components: number): boolean => zoom < (components > FAR.from ? FAR.many : FAR.few);

/** What is seen first: the whole flow where that is legible, else its beginning. */
export function firstView(drawing: Drawing, start: string | undefined, window: Size): Viewport | undefined {
  const places = [...drawing.values()];
  if (places.length === 0 || window.width === 0) return undefined;
  const left = Math.min(...places.map(({ place }) => place.x));
  const top = Math.min(...places.map(({ place }) => place.y));
  const width = Math.max(...places.map(({ place, shape }) => place.x + shape.width)) - left;
  const height = Math.max(...places.map(({ place, shape }) => place.y + shape.height)) + ROW - CARD_HEIGHT - top;
  const whole = Math.min(1, (window.width - 96) / width, (window.height - 96) / height);
  const zoom = Math.max(0.9, whole);
  const from = drawing.get(start ?? "")?.place ?? { x: left, y: top };
  const x = whole === zoom ? (window.width - width * zoom) / 2 - left * zoom : 48 - from.x * zoom;
  const fits = height * zoom < window.height - 96;
  const y = fits ? (window.height - height * zoom) / 2 - top * zoom : window.height / 2 - from.y * zoom;
  return { x, y, zoom };
}

/** What of a component has to be seen for it to be in sight: of a body its head is enough. */
export const headOf = ({ place }: Placed<Shape>): Area => ({ ...place, width: CARD_WIDTH, height: CARD_HEIGHT });

/** The part of the canvas that is seen. */
export const seenBy = ({ x, y, zoom }: Viewport, { width, height }: Size): Area => ({
  x: -x / zoom,
  y: -y / zoom,
  width: width / zoom,
  height: height / zoom,
});

/**
 * The view that has the same in its middle when the window had another size before. What is chosen stays as much in sight as
 * it was.
 */
export function viewKept(seen: Viewport, before: Size, now: Size, chosen: Area | undefined): Viewport {
  const x = seen.x + (now.width - before.width) / 2;
  const y = seen.y + (now.height - before.height) / 2;
  const kept = { x, y, zoom: seen.zoom };
  const isLost = chosen && inSight(chosen, kept, now) < inSight(chosen, seen, before);
  return (isLost && viewOn(chosen, kept, now)) || kept;
}

/** How much of an area is seen: nothing, a part, all. */
function inSight(area: Area, view: Viewport, window: Size): 0 | 1 | 2 {
  const seen = seenBy(view, window);
  return encloses(seen, area) ? 2 : meets(seen, area) ? 1 : 0;
}

/**
 * The view that shows an area, moved only as far as that takes; undefined when it is in sight. Of one that is too large its
 * beginning is shown.
 */
export function viewOn({ x, y, width, height }: Area, seen: Viewport, window: Size): Viewport | undefined {
  const margin = 48;
  const { zoom } = seen;
  const move = (start: number, size: number, room: number): number => {
    if (start >= margin && start + size <= room - margin) return 0;
    const toBegin = margin - start;
    return start < margin ? toBegin : Math.max(toBegin, room - margin - start - size);
  };
  const dx = move(x * zoom + seen.x, width * zoom, window.width);
  const dy = move(y * zoom + seen.y, height * zoom, window.height);
  return dx || dy ? { x: seen.x + dx, y: seen.y + dy, zoom } : undefined;
}

/**
 * A browser that brings a component into sight (for a search in the page, for a screen reader) scrolls the canvas: takes that back
 * and gives the view that shows the same.
 */
export function viewScrolled({ target }: Event, seen: Viewport): Viewport | undefined {
  if (!(target instanceof Element) || !target.matches(".svelte-flow")) return undefined;
  const { scrollLeft: dx, scrollTop: dy } = target;
  target.scrollTo(0, 0);
  return dx || dy ? { ...seen, x: seen.x - dx, y: seen.y - dy } : undefined;
}
