import type { ComponentDescription } from "../../platform";
import { linkAt, placeBetween } from "../canvas/insertion";
import { designer } from "../state/designer.svelte";

/** How far the pointer moves before a press becomes a drag. */
const THRESHOLD = 4;

interface Ghost {
  description: ComponentDescription;
  x: number;
  y: number;
  /** How large the canvas that it is over draws components; none while it is over something else. */
  zoom: number | undefined;
}

/** A component type that is being dragged from the palette, by pointer events; what is seen of it is a ghost. */
class PaletteDrag {
  shown = $state.raw<Ghost | null>(null);

  /** Begins with a press on an item of the palette. Escape takes it back. */
  begin(event: PointerEvent, description: ComponentDescription): void {
    if (event.button !== 0) return;
    const from = { x: event.clientX, y: event.clientY };
    const stop = new AbortController();
    const { signal } = stop;
    const end = (): void => {
      stop.abort();
      this.shown = null;
      designer.active?.canvas?.markBody(undefined);
    };
    window.addEventListener(
      "pointermove",
      ({ clientX: x, clientY: y }) => {
        if (!this.shown && Math.hypot(x - from.x, y - from.y) < THRESHOLD) return;
        const canvas = designer.active?.canvas;
        const spot = canvas?.at(x, y);
        this.shown = { description, x, y, zoom: spot && canvas?.zoom() };
        canvas?.markBody(spot?.parent);
      },
      { signal },
    );
    window.addEventListener(
      "pointerup",
      ({ clientX, clientY }) => {
        const dropped = this.shown !== null;
        end();
        if (dropped) drop(description, clientX, clientY);
      },
      { signal },
    );
    window.addEventListener("pointercancel", end, { signal });
    window.addEventListener("keydown", ({ key }) => key === "Escape" && end(), { signal });
  }
}

export const paletteDrag = new PaletteDrag();

/** Puts a component where it was dropped; on a link, between its two ends. */
function drop(description: ComponentDescription, x: number, y: number): void {
  const flow = designer.active;
  const spot = flow?.canvas?.at(x, y);
  if (!flow || !spot) return;
  const link = linkAt(flow, x, y);
  if (link) void placeBetween(flow, description.kind, spot, link);
  else void designer.insert(description.kind, spot);
  flow.canvas?.focus();
}
