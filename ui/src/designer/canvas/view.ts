import type { Placed } from "../../shared/bodies";
import type { Drawing } from "./drawn";
import { CARD_HEIGHT, CARD_WIDTH, ROW, type Shape } from "./geometry";

export interface Viewport {
  x: number;
  y: number;
  zoom: number;
}
export interface Size {
  width: number;
  height: number;
}

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

/** The view that shows a component, moved only as far as that takes; undefined when it is in sight. */
export function viewOn({ place }: Placed<Shape>, seen: Viewport, window: Size): Viewport | undefined {
  const margin = 48;
  const { zoom } = seen;
  const move = (start: number, size: number, room: number): number =>
    start < margin ? margin - start : start + size > room - margin ? room - margin - start - size : 0;
  const dx = move(place.x * zoom + seen.x, CARD_WIDTH * zoom, window.width);
  const dy = move(place.y * zoom + seen.y, CARD_HEIGHT * zoom, window.height);
  return dx || dy ? { x: seen.x + dx, y: seen.y + dy, zoom } : undefined;
}

/** Whether the browser draws anew what it moves as one picture once that was scaled. Others show it blurred then. */
export const SHARP_LAYERS = navigator.userAgent.includes("Chrome/");

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
