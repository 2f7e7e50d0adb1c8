import type { Viewport } from "./view";

/** Whether the browser draws anew what it moves as one picture once that was scaled. Others show it blurred then. */
export const SHARP_LAYERS = navigator.userAgent.includes("Chrome/");

/** How long the view counts as moving, or as coming closer, after it did, in ms. */
const REST = { moving: 1000, zooming: 200 };

/** Whether the view moves, and whether it comes closer or goes away, now or a moment ago. */
export class Movement {
  moving = $state(false);
  zooming = $state(false);

  /** Follows the view; to be called while a component is made. */
  constructor(view: () => Viewport) {
    const zoom = $derived(view().zoom);
    $effect.pre(() => {
      void view();
      this.moving = true;
      const rested = window.setTimeout(() => (this.moving = false), REST.moving);
      return () => window.clearTimeout(rested);
    });
    $effect.pre(() => {
      void zoom;
      this.zooming = true;
      const rested = window.setTimeout(() => (this.zooming = false), REST.zooming);
      return () => window.clearTimeout(rested);
    });
  }
}
