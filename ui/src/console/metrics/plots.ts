import type { MetricsHistory, ServerMetrics, TakeoverMark } from "../../generated/types";
import type { Values } from "../../shared/lines";
import { bytes } from "../../shared/size";
import { counted, duration } from "../../shared/time";

/** The spans of time that can be looked at, by their name in the address. */
export const spans = {
  "1h": { title: "1 h", words: "the last hour", ms: 3_600_000 },
  "6h": { title: "6 h", words: "the last 6 hours", ms: 6 * 3_600_000 },
  "24h": { title: "24 h", words: "the last day", ms: 24 * 3_600_000 },
};
export type Span = keyof typeof spans;

export const spanOf = (name: string | null): Span => (name && name in spans ? (name as Span) : "1h");

/** A line of a plot. */
export interface Line {
  key: string;
  title: string;
  /** Which colour it has; `sum` for that of all lines together. */
  tone: number | "sum";
  values: Values;
}

/** A plot: what it shows and in which unit. */
export interface Plot {
  id: string;
  title: string;
  unit: string;
  /** A value, with its unit. */
  say: (value: number) => string;
  /** A value at the axis; its unit stands at the head of the plot. */
  tick: (value: number) => string;
  lines: Line[];
  look: "lines" | "bars";
  /** Whether the sum is an area behind its parts. */
  filled?: boolean;
  /** Whether its lines are the servers, which the page explains; else it explains them itself. */
  byServer: boolean;
  /** The least that its axis reaches to. */
  least: number;
}

const few = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 || value === 0 ? 2 : 4;
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: 4 });
};
const aSecond = { unit: "a second", say: (value: number) => `${few(value)} /s`, tick: few, least: 0.1 };
const amount = { say: few, tick: few };
const memory = {
  unit: "resident",
  say: bytes,
  tick: (value: number) => (value === 0 ? "0" : bytes(value)),
  least: 50e6,
};
const percent = (value: number): string => `${few(value * 100)} %`;

/** What all these lists have at a point together; null where none has anything. */
function together(lists: readonly Values[], points: number): Values {
  return Array.from({ length: points }, (_, at) => {
    const known = lists.flatMap((list) => list[at] ?? []);
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
  });
}

const divided = (above: Values, below: Values): Values =>
  above.map((value, at) => {
    const by = below[at];
    return value !== null && by ? value / by : null;
  });

/** So many points are shown at least, however young a cluster is. */
const FEWEST = 30;

/** A history without the time before anything was known, so that the first minutes of a cluster fill the plots. */
export function sinceKnown(history: MetricsHistory): MetricsHistory {
  const { servers, requests, points, step } = history;
  const begins = servers.map(({ memory }) => memory.findIndex((value) => value !== null));
  const first = Math.min(points, ...begins.filter((begin) => begin >= 0));
  const cut = Math.max(0, Math.min(first - 1, points - FEWEST));
  if (cut === 0) return history;
  const rest = <T extends object>(one: T): T =>
    Object.fromEntries(
      Object.entries(one).map(([key, value]: [string, unknown]) => [
        key,
        Array.isArray(value) ? value.slice(cut) : value,
      ]),
    ) as T;
  return {
    ...history,
    from: new Date(Date.parse(history.from) + cut * step * 1000).toISOString(),
    points: points - cut,
    requests: rest(requests),
    servers: servers.map(rest),
  };
}

type Figure = Exclude<keyof ServerMetrics, "id" | "name">;

/** All plots of a history. */
export function plotsOf(history: MetricsHistory): Plot[] {
  const { servers, points } = history;
  const tones = new Map(servers.map(({ id }, tone) => [id, tone]));
  const titleOf = new Map(servers.map(({ id, name }) => [id, name]));
  const sumOf = (figure: Figure): Values =>
    together(
      servers.map((server) => server[figure]),
      points,
    );
  const withSum = (all: Line[], title: string, values: Values): Line[] =>
    servers.length > 1 ? [{ key: "sum", title, tone: "sum", values }, ...all] : all;
  const line = (server: ServerMetrics, values: Values): Line => ({
    key: server.id,
    title: server.name,
    tone: tones.get(server.id) ?? 0,
    values,
  });
  const figure = (id: Figure): { id: string; lines: Line[]; look: "lines"; byServer: true; filled: true } => ({
    id,
    lines: withSum(
      servers.map((server) => line(server, server[id])),
      "Sum",
      sumOf(id),
    ),
    look: "lines",
    byServer: true,
    filled: true,
  });
  const ratio = (
    id: string,
    above: Figure,
    below: Figure,
  ): { id: string; lines: Line[]; look: "lines"; byServer: true } => ({
    id,
    lines: withSum(
      servers.map((server) => line(server, divided(server[above], server[below]))),
      "All together",
      divided(sumOf(above), sumOf(below)),
    ),
    look: "lines",
    byServer: true,
  });
  const { queued, running, waiting, waitingForRetry } = history.requests;
  const states: Line[] = [
    { key: "Running", title: "Running", tone: 0, values: running },
    { key: "Queued", title: "Queued", tone: 1, values: queued },
    { key: "Waiting", title: "Waiting", tone: 2, values: waiting },
    { key: "WaitingForRetry", title: "Waiting for retry", tone: 3, values: waitingForRetry },
  ];
  const took = (value: number): string => (value < 0.01 ? `${few(value * 1000)} ms` : duration(value * 1000));
  return [
    { ...figure("created"), title: "Requests created", ...aSecond },
    { ...figure("finished"), title: "Requests finished", ...aSecond },
    { ...figure("failed"), title: "Requests in error", ...aSecond },
    {
      id: "states",
      title: "Open requests",
      unit: "by state",
      ...amount,
      lines: states,
      look: "lines",
      byServer: false,
      least: 4,
    },
    { ...figure("attempts"), title: "Attempts ended", ...aSecond },
    {
      id: "takeovers",
      title: "Requests taken over",
      unit: "requests, by survivor",
      ...amount,
      lines: takenOver(history, tones, titleOf),
      look: "bars",
      byServer: true,
      least: 4,
    },
    { ...figure("commits"), title: "Commits", ...aSecond },
    { ...ratio("batch", "commands", "commits"), title: "Writes in one commit", unit: "writes", ...amount, least: 2 },
    {
      ...ratio("commit-time", "committing", "commits"),
      title: "Time of one commit",
      unit: "on average",
      say: took,
      tick: took,
      least: 0.001,
    },
    { ...figure("memory"), title: "Memory", ...memory },
    { ...figure("cores"), title: "Processor", unit: "of one core", say: percent, tick: percent, least: 0.05 },
  ];
}

/** How many requests each survivor took over, step by step. */
function takenOver(history: MetricsHistory, tones: Map<string, number>, titles: Map<string, string>): Line[] {
  const survivors = new Map<string, (number | null)[]>();
  for (const takeover of history.takeovers) {
    const { server, name } = takeover.survivor;
    titles.set(server, name);
    const values = survivors.get(server) ?? Array.from({ length: history.points }, () => null);
    const at = pointAt(history, takeover);
    if (at in values) values[at] = (values[at] ?? 0) + takeover.requests;
    survivors.set(server, values);
  }
  return [...survivors].map(([key, values]) => ({
    key,
    title: titles.get(key) ?? key,
    tone: tones.get(key) ?? 0,
    values,
  }));
}

/** The point that a takeover belongs to. */
export function pointAt(history: MetricsHistory, takeover: TakeoverMark): number {
  return Math.floor((Date.parse(takeover.at) - Date.parse(history.from)) / (history.step * 1000));
}

/** A takeover in words. */
export function told({ dead, survivor, requests }: TakeoverMark): string {
  return `${survivor.name} took over from ${dead.name}: ${counted(requests, "request")}`;
}

/** When a point ends, in milliseconds. */
export const endOf = (history: MetricsHistory, point: number): number =>
  Date.parse(history.from) + (point + 1) * history.step * 1000;

/** Round values for an axis from 0 to at least `most`: about three of them. */
export function levels(most: number): number[] {
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const steps = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: steps + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}
