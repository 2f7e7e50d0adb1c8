import type { Event } from "../generated/types";
import type { ClusterChange } from "../cluster/source";
import { addressOf } from "./api";

const NAMES: Event["event"][] = [
  "request-changed",
  "requests-changed",
  "servers-changed",
  "projects-changed",
  "takeover",
];
/** Changes within so long are told as one. */
const GATHER_MS = 150;
/** How long to wait before a broken stream is opened again, when the browser does not do it by itself. */
const RETRY_MS = 2000;

const nothing = { servers: false, projects: false, requests: [], takeovers: [] };
const everything: ClusterChange = { servers: true, projects: true, requests: null, takeovers: [] };

/** The server's event stream: what changed, gathered, and whether the stream stands. */
export class Events {
  #heard = new Set<(change: ClusterChange) => void>();
  #told: (connected: boolean) => void;
  #source: EventSource | undefined;
  #pending: ClusterChange = nothing;
  #timer: number | undefined;
  #retry: number | undefined;

  constructor(told: (connected: boolean) => void) {
    this.#told = told;
  }

  listen(heard: (change: ClusterChange) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  open(): void {
    if (this.#source) return;
    const source = new EventSource(addressOf("/events"));
    this.#source = source;
    for (const name of NAMES)
      source.addEventListener(name, ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data) as Event));
    source.onopen = () => {
      this.#told(true);
      // What happened while nothing was heard is not told afterwards.
      this.#note(everything);
    };
    source.onerror = () => {
      this.#told(false);
      if (source.readyState !== EventSource.CLOSED) return;
      this.close();
      this.#retry = window.setTimeout(() => this.open(), RETRY_MS);
    };
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
    window.clearTimeout(this.#retry);
  }

  #take(event: Event): void {
    if (event.event === "request-changed") this.#note({ ...nothing, requests: [event.id] });
    else if (event.event === "requests-changed") this.#note({ ...nothing, requests: null });
    else if (event.event === "servers-changed") this.#note({ ...nothing, servers: true });
    else if (event.event === "projects-changed") this.#note({ ...nothing, projects: true });
    else {
      const { dead, survivor, count } = event;
      const takeover = { dead: dead.name, survivor: survivor.name, count };
      this.#note({ servers: true, projects: false, requests: null, takeovers: [takeover] });
    }
  }

  #note(change: ClusterChange): void {
    const { servers, projects, requests, takeovers } = this.#pending;
    this.#pending = {
      servers: servers || change.servers,
      projects: projects || change.projects,
      requests: requests === null || change.requests === null ? null : [...requests, ...change.requests],
      takeovers: [...takeovers, ...change.takeovers],
    };
    this.#timer ??= window.setTimeout(() => {
      const gathered = this.#pending;
      this.#pending = nothing;
      this.#timer = undefined;
      for (const heard of this.#heard) heard(gathered);
    }, GATHER_MS);
  }
}
