import type { LogLevel, ServerLogLine } from "../../generated/types";
import { ClusterError } from "../../cluster/source";
import { cluster } from "../endpoints";

/** A line, with a number that says which it is: the first that was read is 0, those before it are negative. */
export interface NumberedLine extends ServerLogLine {
  number: number;
}

export interface LogFilter {
  level: LogLevel;
  q: string;
}

const PAGE = 200;
/** So many lines are kept; who reads on at one end loses them at the other. */
const MOST = 5000;
const POLL_MS = 1500;

/** The log of a server: its end first, then what came before as it is asked for, and what comes after as it comes. */
export class LogLines {
  lines = $state.raw<readonly NumberedLine[]>([]);
  /** Whether there is nothing before the first line. */
  complete = $state(false);
  loading = $state(true);
  /** Whether what came before is being read. */
  readingBack = $state(false);
  problem = $state.raw<ClusterError>();

  #server: string;
  #filter: LogFilter;
  #next: string | undefined;
  #previous: string | undefined;
  #stopped = false;
  #busy = false;
  #timer: number | undefined;

  constructor(server: string, filter: LogFilter) {
    this.#server = server;
    this.#filter = filter;
    void this.#begin();
  }

  /** Reads on at the end for as long as it is followed. Answers how to stop. */
  follow(): () => void {
    this.#timer = window.setInterval(() => void this.#on(), POLL_MS);
    return () => window.clearInterval(this.#timer);
  }

  stop(): void {
    this.#stopped = true;
    window.clearInterval(this.#timer);
  }

  /** Reads what came before the first line. */
  async back(): Promise<void> {
    if (this.readingBack || this.complete || this.#previous === undefined) return;
    this.readingBack = true;
    await this.#ask(async () => {
      const page = await this.#read({ before: this.#previous });
      this.#previous = page.previous;
      this.complete = page.previous === undefined;
      const first = this.lines[0]?.number ?? 0;
      const older = page.items.map((line, index) => ({ ...line, number: first - page.items.length + index }));
      return [...older, ...this.lines];
    });
    this.readingBack = false;
  }

  async #begin(): Promise<void> {
    await this.#ask(async () => {
      const page = await this.#read({});
      this.#next = page.next;
      this.#previous = page.previous;
      this.complete = page.previous === undefined;
      return page.items.map((line, number) => ({ ...line, number }));
    });
    this.loading = false;
  }

  async #on(): Promise<void> {
    if (this.#busy || this.loading) return;
    if (this.#next === undefined) return this.#begin();
    this.#busy = true;
    await this.#ask(async () => {
      const page = await this.#read({ after: this.#next });
      this.#next = page.next;
      if (page.items.length === 0) return this.lines;
      const from = (this.lines.at(-1)?.number ?? -1) + 1;
      const newer = page.items.map((line, index) => ({ ...line, number: from + index }));
      return [...this.lines, ...newer].slice(-MOST);
    });
    this.#busy = false;
  }

  async #ask(read: () => Promise<readonly NumberedLine[]>): Promise<void> {
    try {
      const lines = await read();
      if (this.#stopped) return;
      this.lines = lines;
      this.problem = undefined;
    } catch (thrown) {
      if (!this.#stopped) this.problem = ClusterError.from(thrown);
    }
  }

  #read(from: { after?: string | undefined; before?: string | undefined }) {
    const { level, q } = this.#filter;
    const given = Object.fromEntries(Object.entries({ ...from, q }).filter(([, value]) => value));
    return cluster.log(this.#server, { ...given, level, limit: PAGE });
  }
}
