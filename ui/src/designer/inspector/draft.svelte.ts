let gestures = 0;

/** How long typing rests before it is told. */
const REST_MS = 120;

/**
 * What stands in a field while it is being edited. It runs ahead of the document: what is typed is told after a
 * short rest, and what the document then says is taken over once everything told has been answered. One visit of
 * the field is one gesture, and so one undo step.
 */
export class Draft<T> {
  shown = $state.raw() as T;
  #read: () => T;
  #write: (value: T, gesture: string) => Promise<unknown>;
  #timer: number | undefined;
  #pending = 0;
  #gesture = "";

  /** Must be made while a component is set up: it follows `read`. */
  constructor(read: () => T, write: (value: T, gesture: string) => Promise<unknown>) {
    this.#read = read;
    this.#write = write;
    this.shown = read();
    $effect.pre(() => {
      const value = read();
      if (this.#timer === undefined && this.#pending === 0) this.shown = value;
    });
    $effect(() => () => this.flush());
  }

  /** The field was entered. */
  readonly begin = (): void => {
    this.#gesture = `field-${++gestures}`;
  };

  /** Something was typed. */
  change(value: T): void {
    this.shown = value;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.flush(), REST_MS);
  }

  /** Something was chosen: tells it at once. */
  set(value: T): void {
    this.change(value);
    this.flush();
  }

  /** Tells what was typed without waiting; for leaving the field. */
  readonly flush = (): void => {
    if (this.#timer === undefined) return;
    window.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#gesture) this.begin();
    this.#pending += 1;
    void this.#write(this.shown, this.#gesture).finally(() => {
      this.#pending -= 1;
      if (this.#pending === 0 && this.#timer === undefined) this.shown = this.#read();
    });
  };
}
