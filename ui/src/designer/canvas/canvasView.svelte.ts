import { settings } from "../../platform/settings.svelte";
import { recall, remember } from "../../shared/memory";

/** How a canvas is looked at. The window keeps it, for all flows. */
class CanvasView {
  /** Whether dragging over the canvas chooses what it touches; else it moves the view. */
  selecting = $state(remembered("selecting"));
  /** Whether the outline is shown. */
  outline = $state(remembered("outline"));
  /** Whether the failure lens is on: what is settled, what runs again, which effects may happen twice. */
  lens = $state(remembered("lens"));

  switch(what: "selecting" | "outline" | "lens", on = !this[what]): void {
    this[what] = on;
    remember(`canvas.${what}`, on ? "yes" : "no");
  }
}

function remembered(what: string): boolean {
  return recall(`canvas.${what}`) === "yes";
}

export const canvasView = new CanvasView();

/** How long a movement of the view takes, in milliseconds: none for those who want no motion. */
export function motion(milliseconds: number): number {
  const { motion: chosen } = settings.current;
  const less =
    chosen === "system" ? window.matchMedia("(prefers-reduced-motion: reduce)").matches : chosen === "reduced";
  return less ? 0 : milliseconds;
}
