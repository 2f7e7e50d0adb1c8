import type { Attempt, Request, ServerView } from "../generated/types";
import { grouped } from "../shared/grouped";
import { hasEnded } from "./source";

/** How a bar is drawn. */
export type BarLook = "running" | "finished" | "failed" | "lost" | "waiting" | "cancelled" | "released";

/** One attempt on the lane of its owner, or several that are too short to be seen one by one. */
export interface Bar {
  attempt: number;
  /** The last of several attempts. */
  last: number;
  from: number;
  to: number;
  look: BarLook;
  /** Whether it goes on. */
  open: boolean;
}

/** The time that a request belongs to one owner without a break: its attempts there, and the pauses between. */
export interface Stay {
  key: string;
  request: Request;
  server: string;
  from: number;
  to: number;
  open: boolean;
  bars: Bar[];
  /** Which row of the lane it has. */
  row: number;
}

/** A request changing lanes. */
export interface Hop {
  key: string;
  request: number;
  from: Stay;
  to: Stay;
  /** Its owner was lost; else a person or a server that stopped gave it away. */
  takeover: boolean;
}

export interface Lane {
  server: string;
  name: string;
  rows: number;
  /** Since when its server is gone. */
  goneSince: number | undefined;
}

/** Requests that changed lanes together because their server was lost. */
export interface SeenTakeover {
  at: number;
  dead: string;
  survivor: string;
  count: number;
}

/** The timeline of some requests. */
export interface Chart {
  lanes: Lane[];
  stays: Stay[];
  hops: Hop[];
  takeovers: SeenTakeover[];
}

const looks: Record<NonNullable<Attempt["end"]>, BarLook> = {
  finished: "finished",
  failed: "failed",
  waiting: "waiting",
  released: "released",
  ownerLost: "lost",
  cancelled: "cancelled",
};

/** What the timeline of `requests` shows at `now`. Two stays share a row when at least `gap` ms are between them. */
export function chartOf(
  requests: readonly Request[],
  servers: readonly Pick<ServerView, "id" | "name" | "state" | "terminated">[],
  now: number,
  gap: number,
): Chart {
  const staysOf = requests.map((request) => stays(request, now));
  const hops = staysOf.flatMap(hopsBetween);
  const all = staysOf.flat();
  const named = new Map(all.map(({ server, request }) => [server, nameIn(request, server)]));
  for (const { id, name } of servers) named.set(id, name);
  const lanes = [...named]
    .map(([server, name]) => {
      const known = servers.find(({ id }) => id === server);
      const gone = known?.state === "Terminated" && known.terminated ? Date.parse(known.terminated) : undefined;
      return { server, name, rows: pack(all, server, gap), goneSince: gone };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return { lanes, stays: all, hops, takeovers: takeoversIn(hops, named) };
}

/**
 * Bars for drawing: those that are shorter than `least` ms, as are the pauses between them, and that ended in the same way,
 * are one bar. A request that was tried a thousand times has something to read, and no thousand places to stop at.
 */
export function drawnBars(bars: readonly Bar[], least: number): Bar[] {
  const drawn: (Bar & { short: boolean })[] = [];
  for (const bar of bars) {
    const short = !bar.open && bar.to - bar.from < least;
    const before = drawn.at(-1);
    if (short && before?.short && before.look === bar.look && bar.from - before.to < least)
      drawn[drawn.length - 1] = { ...before, last: bar.last, to: Math.max(before.to, bar.to) };
    else drawn.push({ ...bar, short });
  }
  return drawn;
}

/** The stretch of time that the latest burst of activity took: back from the end until nothing happened for long. */
export function latestActivity(requests: readonly Request[], now: number, quiet: number): [number, number] {
  const spans = requests
    .map((request): [number, number] => {
      const end = hasEnded(request.state) ? (request.ended ?? request.updated) : undefined;
      return [Date.parse(request.created), end ? Date.parse(end) : now];
    })
    .toSorted((a, b) => b[1] - a[1]);
  const last = spans[0];
  if (!last) return [now - quiet, now];
  let from = last[0];
  for (const [begun, ended] of spans) {
    if (ended < from - quiet) break;
    from = Math.min(from, begun);
  }
  const span = Math.max(last[1] - from, 2000);
  return [from - span * 0.02, from + span * 1.02];
}

/** Round moments between two times, and how to write them. */
export function ticks(from: number, to: number, most: number): { at: number; text: string }[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 604800];
  const step = (steps.find((seconds) => (to - from) / (seconds * 1000) <= most) ?? 2_592_000) * 1000;
  const zone = new Date(to).getTimezoneOffset() * 60_000;
  const marks: { at: number; text: string }[] = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step)
    marks.push({ at, text: written(at, step) });
  return marks;
}

function written(at: number, step: number): string {
  const date = new Date(at);
  const pad = (n: number): string => String(n).padStart(2, "0");
  if (step >= 86_400_000) return `${date.getMonth() + 1}/${date.getDate()}`;
  const minutes = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return step < 60_000 ? `${minutes}:${pad(date.getSeconds())}` : minutes;
}

function stays(request: Request, now: number): Stay[] {
  const found: Stay[] = [];
  for (const attempt of request.attempts ?? []) {
    const { server, epoch } = attempt.owner;
    const from = Date.parse(attempt.started);
    const open = attempt.ended === undefined;
    const to = attempt.ended ? Date.parse(attempt.ended) : now;
    const look = attempt.end ? looks[attempt.end] : "running";
    const bar: Bar = { attempt: attempt.attempt, last: attempt.attempt, from, to, look, open };
    const last = found.at(-1);
    const key = `${request.id}.${server}.${epoch}`;
    // After its owner is lost it comes anew, even to the same server.
    if (last?.key.startsWith(key) && last.bars.at(-1)?.look !== "lost") {
      last.bars.push(bar);
      last.to = Math.max(last.to, to);
      last.open = open;
    } else found.push({ key: `${key}.${attempt.attempt}`, request, server, from, to, open, bars: [bar], row: 0 });
  }
  const last = found.at(-1);
  // Between attempts it stays with its owner.
  if (last && !last.open && !hasEnded(request.state) && request.owner?.server === last.server) last.to = now;
  return found;
}

function hopsBetween(stays: Stay[]): Hop[] {
  return stays.slice(1).map((to, index) => {
    const from = stays[index] as Stay;
    return { key: to.key, request: to.request.id, from, to, takeover: from.bars.at(-1)?.look === "lost" };
  });
}

function takeoversIn(hops: readonly Hop[], names: ReadonlyMap<string, string>): SeenTakeover[] {
  const groups = grouped(
    hops.filter(({ takeover, from, to }) => takeover && from.server !== to.server),
    ({ from, to }) => `${from.key.split(".").slice(1, 3).join(".")} ${to.server}`,
  );
  return [...groups.values()].map((group) => {
    const { from, to } = group[0] as Hop;
    return {
      at: Math.min(...group.map((hop) => hop.from.bars.at(-1)?.to ?? hop.to.from)),
      dead: names.get(from.server) ?? from.server,
      survivor: names.get(to.server) ?? to.server,
      count: group.length,
    };
  });
}

/** Gives every stay of a lane a row, and answers how many rows there are. */
function pack(all: readonly Stay[], server: string, gap: number): number {
  const ends: number[] = [];
  for (const stay of all.filter((one) => one.server === server).toSorted((a, b) => a.from - b.from)) {
    const free = ends.findIndex((end) => end + gap <= stay.from);
    stay.row = free < 0 ? ends.length : free;
    ends[stay.row] = stay.to;
  }
  return ends.length;
}

function nameIn(request: Request, server: string): string {
  const attempt = request.attempts?.find(({ owner }) => owner.server === server);
  return attempt?.owner.name ?? server;
}
