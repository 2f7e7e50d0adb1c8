import type { MetricsHistory, MetricsQuery } from "../generated/types";
import type { Values } from "../shared/lines";

/** How far back the small lines of the Server List go. */
const LATELY_MS = 15 * 60_000;

/** What to ask for the small lines of the Server List. */
export function lately(): MetricsQuery {
  return { from: new Date(Date.now() - LATELY_MS).toISOString(), step: 20 };
}

/** Requests a second that each server finished, by the server's id. */
export function throughputOf(history: MetricsHistory): ReadonlyMap<string, Values> {
  return new Map(history.servers.map(({ id, finished }) => [id, finished]));
}
