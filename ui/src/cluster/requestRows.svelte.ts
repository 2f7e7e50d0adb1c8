import type { Request } from "../generated/types";
import type { ClusterSource } from "./source";
import { ClusterError } from "./source";
import type { RequestFilter } from "./filter";

/** So many rows beyond those in sight are kept at hand. */
const BEYOND = 40;
/** At most so many are asked for at once. */
const MOST = 200;
/** At least so long passes from one answer to the next question about the same rows. */
const PAUSE_MS = 300;

/**
 * The requests of a filter, the newest first, read as they come in sight: a list of a million costs what its window
 * costs. Only what is in sight is kept fresh; the rest is read again when it comes in sight.
 */
export class RequestRows {
  rows = $state.raw<readonly Request[]>([]);
  /** Whether the last row is the oldest request that fits. */
  complete = $state(false);
  problem = $state.raw<ClusterError>();
  /** Whether the first answer for the filter has not come yet. */
  loading = $state(true);

  #source: ClusterSource;
  #filter: RequestFilter;
  #first = 0;
  #last = 0;
  /** Counts the changes; a row is fresh when it was read since the last one. */
  #changes = 1;
  #readAt = new Map<number, number>();
  #busy = false;
  #stopped = false;
  #timer: number | undefined;

  constructor(source: ClusterSource, filter: RequestFilter) {
    this.#source = source;
    this.#filter = filter;
    void this.#read();
  }

  /** Tells which rows are in sight, from `first` up to `last`. */
  show(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
    if (this.#lacks()) this.#soon(0);
  }

  /** Tells that requests have changed. */
  changed(): void {
    this.#changes++;
    this.#soon(PAUSE_MS);
  }

  stop(): void {
    this.#stopped = true;
    window.clearTimeout(this.#timer);
  }

  #soon(pause: number): void {
    if (this.#busy || this.#stopped) return;
    this.#timer ??= window.setTimeout(() => {
      this.#timer = undefined;
      void this.#read();
    }, pause);
  }

  /** Whether something in sight, or near, is missing or old. */
  #lacks(): boolean {
    const end = this.#last + BEYOND;
    if (end > this.rows.length && !this.complete) return true;
    return this.rows.slice(this.#from(), end).some(({ id }) => this.#readAt.get(id) !== this.#changes);
  }

  #from(): number {
    return Math.max(0, Math.min(this.#first, this.rows.length) - BEYOND);
  }

  async #read(): Promise<void> {
    const from = this.#from();
    const before = from > 0 ? this.rows[from - 1]?.id : undefined;
    const limit = Math.min(MOST, Math.max(2 * BEYOND, this.#last + BEYOND - from));
    const changes = this.#changes;
    this.#busy = true;
    try {
      const { items, next } = await this.#source.requests(this.#filter, { before, limit });
      if (this.#stopped) return;
      for (const { id } of items) this.#readAt.set(id, changes);
      const ends = next === undefined;
      this.rows = spliced(this.rows, before, items, ends);
      this.complete ||= ends;
      this.problem = undefined;
    } catch (thrown) {
      if (this.#stopped) return;
      this.problem = ClusterError.from(thrown);
    }
    this.#busy = false;
    this.loading = false;
    // After a failure the next change, or the next move, asks again.
    if (!this.problem && this.#lacks()) this.#soon(changes === this.#changes ? 0 : PAUSE_MS);
  }
}

/**
 * `rows` (the highest id first) after those below `before` were read anew, down to the last of `read`, or down to the
 * end when it `ends`.
 */
export function spliced<Row extends { id: number }>(
  rows: readonly Row[],
  before: number | undefined,
  read: readonly Row[],
  ends: boolean,
): Row[] {
  const above = before === undefined ? [] : rows.filter(({ id }) => id >= before);
  const last = read.at(-1)?.id;
  const below = ends || last === undefined ? [] : rows.filter(({ id }) => id < last);
  return [...above, ...read, ...below];
}
