/**
 * What a window remembers from one time to the next: sizes of panes, what is folded. The browser keeps it, or the host
 * of the window where it can.
 */
interface Keeper {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

let keeper: Keeper = {
  get: (name) => localStorage.getItem(`cairn.${name}`),
  set: (name, value) => localStorage.setItem(`cairn.${name}`, value),
};

/** Has `keep` keep everything from now on; `known` is what is remembered so far. */
export function rememberThrough(known: Record<string, string>, keep: (name: string, value: string) => void): void {
  const memory = new Map(Object.entries(known));
  keeper = {
    get: (name) => memory.get(name) ?? null,
    set: (name, value) => {
      if (memory.get(name) === value) return;
      memory.set(name, value);
      keepSoon(name, () => keep(name, memory.get(name) ?? value));
    },
  };
}

/** What is remembered under a name, if anything. */
export function recall(name: string): string | null {
  return keeper.get(name);
}

/** Remembers something under a name. */
export function remember(name: string, value: string): void {
  keeper.set(name, value);
}

/** A pane that is dragged changes with every movement: the last one is what counts. */
const waiting = new Map<string, number>();
function keepSoon(name: string, keep: () => void): void {
  window.clearTimeout(waiting.get(name));
  waiting.set(name, window.setTimeout(keep, 250));
}
