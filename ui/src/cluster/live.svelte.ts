import type { ClusterChange, ClusterSource } from "./source";
import { ClusterError } from "./source";

/** At least so long passes from one answer to the next question, unless a view says otherwise. */
const PAUSE_MS = 300;

/**
 * Something shown that is asked for again when it may have changed: never twice at once, and not too often. When
 * asking fails, what was seen last stays, beside the problem.
 */
export class Live<T> {
  value = $state.raw<T>();
  problem = $state.raw<ClusterError>();
  /** Whether the first answer for what is wanted now has not come yet. */
  loading = $state(true);

  #read: () => Promise<T>;
  #pause: number;
  #turn = 0;
  #busy = false;
  #again = false;
  #timer: number | undefined;

  constructor(read: () => Promise<T>, pause: number) {
    this.#read = read;
    this.#pause = pause;
  }

  /** Asks now for something else than before; an answer that is still on its way is dropped. */
  anew(): void {
    this.#again = false;
    window.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.loading = true;
    void this.#ask(++this.#turn);
  }

  /** Asks again, soon. */
  refresh(): void {
    if (this.#busy) this.#again = true;
    else this.#timer ??= window.setTimeout(() => void this.#ask(this.#turn), this.#pause);
  }

  stop(): void {
    this.#turn++;
    this.#again = false;
    window.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #ask(turn: number): Promise<void> {
    this.#timer = undefined;
    this.#busy = true;
    try {
      const value = await this.#read();
      if (turn !== this.#turn) return;
      this.value = value;
      this.problem = undefined;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.problem = ClusterError.from(thrown);
    }
    this.#busy = false;
    this.loading = false;
    if (this.#again) {
      this.#again = false;
      this.refresh();
    }
  }
}

/**
 * Shows `read()` for as long as the component stands, and asks again when something it shows has changed. Whatever
 * reactive value `read` looks at before it waits makes it ask anew.
 */
export function watched<T>(
  source: () => ClusterSource,
  read: () => Promise<T>,
  concerns: (change: ClusterChange) => boolean,
  pause = PAUSE_MS,
): Live<T> {
  const live = new Live(read, pause);
  $effect(() => {
    live.anew();
    const silence = source().changed((change) => concerns(change) && live.refresh());
    return () => {
      silence();
      live.stop();
    };
  });
  return live;
}

/** Whether a change is about any requests. */
export function concernsRequests(change: ClusterChange): boolean {
  return change.requests === null || change.requests.length > 0;
}

/** Whether a change is about this request. */
export function concernsRequest(change: ClusterChange, id: number): boolean {
  return change.requests === null || change.requests.includes(id);
}
