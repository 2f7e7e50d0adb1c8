import type { ComponentView, Diagnostic, Flow } from "../../platform";

/** A flow as it is drawn at one moment. */
export interface Look {
  document: Flow;
  views: Record<string, ComponentView>;
  /** The problems that the host finds at once. */
  shape: Diagnostic[];
}

/** How many steps are known at most. */
const KEPT = 50;

/**
 * What a flow looked like before each of the last steps made here, so that undoing one can be shown before the host has done
 * it. Only the host knows what a step is: these are known as long as the revisions of the flow follow each other as the
 * steps that were made here say.
 */
export class Steps {
  #past: Look[] = [];
  #future: Look[] = [];
  #revision: number | undefined;

  /** What undoing the last step leads to, when the flow is at `revision`; undefined where only the host can tell. */
  before(revision: number): Look | undefined {
    return revision === this.#revision ? this.#past.at(-1) : undefined;
  }

  /** What doing the step again that was undone last leads to. */
  after(revision: number): Look | undefined {
    return revision === this.#revision ? this.#future.at(-1) : undefined;
  }

  /** Takes note of a step that led from one revision to another. */
  made(from: number, to: number, before: Look): void {
    if (from === to) return;
    if (from !== this.#revision) this.forget();
    this.#past = [...this.#past, before].slice(-KEPT);
    this.#future = [];
    this.#revision = to;
  }

  /** Takes note of the last step being undone, which led from one revision to another; `undone` is what it looked like until then. */
  undone(from: number, to: number, undone: Look): void {
    if (from !== this.#revision || !this.#past.pop()) return this.forget();
    this.#future.push(undone);
    this.#revision = to;
  }

  /** Takes note of the step that was undone last being done again. */
  redone(from: number, to: number, before: Look): void {
    if (from !== this.#revision || !this.#future.pop()) return this.forget();
    this.#past.push(before);
    this.#revision = to;
  }

  forget(): void {
    this.#past = [];
    this.#future = [];
    this.#revision = undefined;
  }
}
