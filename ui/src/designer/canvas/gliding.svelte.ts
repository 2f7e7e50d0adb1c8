import type { Viewport } from "./view";

/**
 * How the view is moved. While it moves as a whole it is moved as one picture; at another zoom it is drawn anew, to be sharp.
 */
export class Gliding {
  /** What moves it as one picture now, if anything does. */
  by = $state<"mouse" | "other">();
  #began: Viewport = { x: 0, y: 0, zoom: 1 };

  begin(view: Viewport): void {
    this.#began = view;
  }

  go(event: MouseEvent | TouchEvent | null, { x, y, zoom }: Viewport): void {
    const { x: fromX, y: fromY, zoom: before } = this.#began;
    const glides = zoom === before && Math.hypot(x - fromX, y - fromY) > 3;
    this.by = glides ? (event?.type === "mousemove" ? "mouse" : "other") : undefined;
  }

  end(): void {
    this.by = undefined;
  }
}
