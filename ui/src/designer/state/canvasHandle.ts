import type { Position } from "../../platform";

/** Where a new component goes: into which body (none is the top level), and where in there. */
export interface Spot {
  parent?: string | undefined;
  position: Position;
}

/** What a canvas can be asked to do. The canvas that shows a flow puts itself here. */
export interface CanvasHandle {
  /** How large all is drawn: 1 is its own size. */
  zoom(): number;
  zoomIn(): void;
  zoomOut(): void;
  /** Shows everything at its own size. */
  zoomToFull(): void;
  /** Shows the whole flow, or some of its components, groups and notes. */
  fit(only?: Iterable<string>): void;
  /** Brings a component, group or note into view. */
  reveal(id: string): void;
  /** Where a new component would be in the middle of what is seen. */
  middle(): Spot;
  /** Where something new goes: under the pointer, else in the middle of what is seen. */
  center(): Position;
  /** Where a new component would be under the pointer; undefined while the pointer is elsewhere. */
  pointed(): Spot | undefined;
  /** Where a component dropped at a place of the window would be; undefined outside of the canvas. */
  at(x: number, y: number): Spot | undefined;
  /**
   * Lets the name of a component, the title of a group or the text of a note be written in its place; `onleft` is called when
   * the author leaves that with Escape and nothing stands there.
   */
  write(id: string, onleft?: () => unknown): void;
  /** Marks the body that a component which is being dragged would go into. */
  markBody(body: string | undefined): void;
  focus(): void;
}
