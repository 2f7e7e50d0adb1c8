import type { Event } from "../generated/types";
import type { ClusterChange } from "../cluster/source";
import { addressOf } from "./api";

const NAMES: Event["event"][] = [
  "request-changed",
  "requests-changed",
  "servers-changed",
  "projects-changed",
  "takeover",
  "stalled",
];
/** Changes within so long are told as one. */
const GATHER_MS = 150;
/** How long to wait before a broken stream is opened again, when the browser does not do it by itself. */
const RETRY_MS = 2000;

const nothing: ClusterChange = { servers: false, projects: false, requests: [], takeovers: [], stalled: [] };
const everything: ClusterChange = { servers: true, projects: true, requests: null, takeovers: [], stalled: [] };

/** A page that is not looked at for so long lets its stream go. */
const UNSEEN_MS = 10_000;

/**
 * The server's event stream: what changed, gathered, and whether the stream stands. A page that is not looked at has
 * none: a browser gives all pages of a server six connections together, and a seventh page would wait for ever.
 */
export class Events {
  #heard = new Set<(change: ClusterChange) => void>();
  #told: (connected: boolean) => void;
  #source: EventSource | undefined;
  #pending: ClusterChange = nothing;
  #timer: number | undefined;
  #retry: number | undefined;
  #unseen: number | undefined;
  #wanted = false;

  constructor(told: (connected: boolean) => void) {
    this.#told = told;
    document.addEventListener("visibilitychange", () => {
      window.clearTimeout(this.#unseen);
      if (!document.hidden) this.#follow();
      else this.#unseen = window.setTimeout(() => this.#leave(), UNSEEN_MS);
    });
    // A page that the browser keeps for the way back keeps its connections too, unless they are closed.
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("pageshow", () => this.#follow());
  }

  listen(heard: (change: ClusterChange) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  open(): void {
    this.#wanted = true;
    this.#follow();
  }

  close(): void {
    this.#wanted = false;
    this.#leave();
  }

  #follow(): void {
    if (this.#source || !this.#wanted) return;
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
      this.#leave();
      this.#retry = window.setTimeout(() => this.#follow(), RETRY_MS);
    };
  }

  #leave(): void {
    this.#source?.close();
    this.#source = undefined;
    window.clearTimeout(this.#retry);
  }

  #take(event: Event): void {
    if (event.event === "request-changed") this.#note({ ...nothing, requests: [event.id] });
    else if (event.event === "requests-changed") this.#note({ ...nothing, requests: null });
    else if (event.event === "servers-changed") this.#note({ ...nothing, servers: true });
    else if (event.event === "projects-changed") this.#note({ ...nothing, projects: true });
    else if (event.event === "stalled") {
      const { id, flow, owner } = event;
      this.#note({ ...nothing, stalled: [{ request: id, flow, server: owner.name }] });
    } else {
      const { dead, survivor, count } = event;
      const takeover = { dead: dead.name, survivor: survivor.name, count };
      this.#note({ ...nothing, servers: true, requests: null, takeovers: [takeover] });
    }
  }

  #note(change: ClusterChange): void {
    const { servers, projects, requests, takeovers, stalled } = this.#pending;
    this.#pending = {
      servers: servers || change.servers,
      projects: projects || change.projects,
      requests: requests === null || change.requests === null ? null : [...requests, ...change.requests],
      takeovers: [...takeovers, ...change.takeovers],
      stalled: [...stalled, ...change.stalled],
    };
    this.#timer ??= window.setTimeout(() => {
      const gathered = this.#pending;
      this.#pending = nothing;
      this.#timer = undefined;
      for (const heard of this.#heard) heard(gathered);
    }, GATHER_MS);
  }
}
