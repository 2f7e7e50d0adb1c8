import type { Choice } from "../shared/table";

interface Identified {
  id: number;
}

/** The requests that are chosen in a list: some of them, or all that fit its filter. */
export class Selection implements Choice<Identified> {
  #ids = $state.raw<ReadonlySet<number>>(new Set());
  /** Whether all that fit the filter are chosen, also those that are not in sight. */
  all = $state(false);
  #anchor: number | undefined;

  readonly ids = $derived([...this.#ids].sort((a, b) => b - a));
  readonly some = $derived(this.all || this.#ids.size > 0);

  has({ id }: Identified): boolean {
    return this.all || this.#ids.has(id);
  }

  /** Chooses one more, or lets it go. */
  toggle({ id }: Identified): void {
    // Out of all, one by one makes no sense: it begins anew.
    const ids = new Set(this.all ? [] : this.#ids);
    if (!ids.delete(id)) ids.add(id);
    this.all = false;
    this.#ids = ids;
    this.#anchor = id;
  }

  reach(last: Identified, rows: readonly Identified[]): void {
    const at = (wanted: number | undefined): number => rows.findIndex((row) => row.id === wanted);
    const [from, to] = [at(this.#anchor), at(last.id)];
    if (from < 0 || to < 0) return this.toggle(last);
    const between = rows.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.all = false;
    this.#ids = new Set([...this.#ids, ...between.map((row) => row.id)]);
  }

  chooseAll(): void {
    this.all = true;
    this.#ids = new Set();
  }

  clear(): void {
    this.all = false;
    this.#ids = new Set();
    this.#anchor = undefined;
  }
}
