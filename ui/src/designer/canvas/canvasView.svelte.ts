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
    localStorage.setItem(`cairn.canvas.${what}`, on ? "yes" : "no");
  }
}

function remembered(what: string): boolean {
  return localStorage.getItem(`cairn.canvas.${what}`) === "yes";
}

export const canvasView = new CanvasView();

/** How long a movement of the view takes, in milliseconds: none for those who want no motion. */
export function motion(milliseconds: number): number {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : milliseconds;
}
