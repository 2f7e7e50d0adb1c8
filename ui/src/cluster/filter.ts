import type { CountQuery, RequestQuery, RequestState } from "../generated/types";
import { requestStates, type RequestPage } from "./source";

/** Which requests are listed, as the address of the list says it. Every member is text; what is absent is any. */
export interface RequestFilter {
  /** States, separated by commas. */
  state?: string;
  project?: string;
  flow?: string;
  /** The id of the server they belong to. */
  server?: string;
  /** The number of a request, or a part of a name. */
  q?: string;
  /** The code of the error that they ended with, or whose retry they wait for. */
  code?: string;
  /** One of {@link priorities}. */
  priority?: string;
  /** `true`: only those that are stalled. */
  stalled?: string;
  /** Asked for within so long before now: one of {@link spans}. */
  since?: string;
  /** Asked for at this time or later, RFC 3339. */
  from?: string;
  /** Asked for before this time, RFC 3339. */
  to?: string;
}

export type FilterName = keyof RequestFilter;

/** Every member of a filter, in the order of an address. */
export const filterNames: readonly FilterName[] = [
  "state",
  "project",
  "flow",
  "server",
  "q",
  "code",
  "priority",
  "stalled",
  "since",
  "from",
  "to",
];

/** The spans of time that a filter names. They move on with the present, so a saved filter stays true. */
export const spans: readonly { value: string; title: string; ms: number }[] = [
  { value: "15m", title: "Last 15 minutes", ms: 900_000 },
  { value: "1h", title: "Last hour", ms: 3_600_000 },
  { value: "24h", title: "Last 24 hours", ms: 86_400_000 },
  { value: "7d", title: "Last 7 days", ms: 7 * 86_400_000 },
];

/** The priorities that requests may have, the highest first. */
export const priorities: readonly string[] = Array.from({ length: 19 }, (_, place) => String(9 - place));

/** The filter that an address holds; what it does not know is left out. */
export function filterOf(query: URLSearchParams): RequestFilter {
  const found: RequestFilter = {};
  for (const name of filterNames) {
    const value = query.get(name)?.trim();
    if (value) found[name] = value;
  }
  if (found.since && !spans.some(({ value }) => value === found.since)) delete found.since;
  if (found.priority && !priorities.includes(found.priority)) delete found.priority;
  return found;
}

/** The states that a filter names; those that do not exist are left out. */
export function statesOf(filter: RequestFilter): Set<RequestState> {
  const wanted = new Set((filter.state ?? "").split(","));
  return new Set(requestStates.filter((state) => wanted.has(state)));
}

/** The `state` of a filter after a click on one: it comes in or goes out. */
export function toggled(filter: RequestFilter, state: RequestState): string | undefined {
  const states = statesOf(filter);
  if (!states.delete(state)) states.add(state);
  return requestStates.filter((one) => states.has(one)).join(",") || undefined;
}

/** A filter without what is any. */
export function trimmed(filter: { [Name in FilterName]?: string | undefined }): RequestFilter {
  return Object.fromEntries(filterNames.flatMap((name) => (filter[name] ? [[name, filter[name]]] : [])));
}

/** Whether two filters list the same. */
export function sameFilter(a: RequestFilter, b: RequestFilter): boolean {
  return filterNames.every((name) => (a[name] ?? "") === (b[name] ?? ""));
}

/** When the requests of a filter were asked for, at the earliest: a span counts back from `now`. */
export function fromOf(filter: RequestFilter, now: number): string | undefined {
  const span = spans.find(({ value }) => value === filter.since);
  // Whole minutes, so that asking again within one asks the same.
  if (span) return new Date(Math.floor((now - span.ms) / 60_000) * 60_000).toISOString();
  return filter.from;
}

/** The query of the API that lists what fits a filter at this moment. */
export function queryOf(filter: RequestFilter, page: RequestPage): RequestQuery {
  const { before, limit, attempts } = page;
  return { ...wireOf(filter), ...given({ after: before?.toString(), limit, attempts }) };
}

/** The query that counts what fits a filter, in each state. */
export function countQueryOf(filter: RequestFilter): CountQuery {
  return wireOf({ ...filter, state: "" });
}

/** A filter as the API knows it. */
export function wireOf(filter: RequestFilter): RequestQuery {
  const { state, project, flow, server, q, code, to } = filter;
  const stalled = filter.stalled === "true" || undefined;
  const priority = filter.priority ? Number(filter.priority) : undefined;
  return given({ state, project, flow, server, q, code, priority, stalled, from: fromOf(filter, Date.now()), to });
}

type Given<T> = { [Name in keyof T]?: NonNullable<T[Name]> };

function given<T extends object>(members: T): Given<T> {
  const isGiven = ([, value]: [string, unknown]): boolean => value !== undefined && value !== "";
  return Object.fromEntries(Object.entries(members).filter(isGiven)) as Given<T>;
}
