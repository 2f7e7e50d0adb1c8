import type { LogEntry, RequestDetail } from "../generated/types";
import { counted } from "../shared/time";
import { hasEnded } from "./source";

/** Where a component of a request stands, as its log and its saved points tell it. */
export interface ComponentStanding {
  state: "running" | "stalled" | "finished" | "failed" | "waiting" | "interrupted" | "skipped";
  /** What it said last: `3,213 records`. */
  note: string;
  /** The attempts in which it started. */
  attempts: number[];
  /** Whether it made a saved point of its stream. */
  saved: boolean;
}

const saves = new Set(["begin", "checkpoint"]);

/** How every component that has done anything stands; those that are missing have not been reached. */
export function componentStates(detail: RequestDetail, log: readonly LogEntry[]): Map<string, ComponentStanding> {
  const found = new Map<string, ComponentStanding>();
  const at = (component: string): ComponentStanding => {
    const standing = found.get(component) ?? { state: "skipped", note: "", attempts: [], saved: false };
    found.set(component, standing);
    return standing;
  };
  for (const { component, event, message, attempt } of log) {
    if (component === undefined) {
      if (event === "no-longer-stalled") for (const one of found.values()) wake(one);
      continue;
    }
    const state = stateAfter(event);
    if (!state) continue;
    const standing = at(component);
    standing.state = state;
    const told = message.indexOf(": ");
    standing.note = state === "running" || state === "stalled" || told < 0 ? "" : message.slice(told + 2);
    if (standing.attempts.at(-1) !== attempt) standing.attempts.push(attempt);
  }
  for (const { component, kind, rows } of detail.savedPoints) {
    if (!saves.has(kind)) continue;
    const standing = at(component);
    standing.saved = true;
    standing.state = "finished";
    standing.note ||= `saved ${counted(rows, "record")}`;
  }
  const { state, attempt, error, stalled } = detail.request;
  // What the request ended with is known before its log was read, and when that is too long to be read to its end.
  if (error?.component && (state === "Error" || state === "WaitingForRetry")) {
    const standing = at(error.component);
    standing.state = "failed";
    if (standing.attempts.at(-1) !== attempt) standing.attempts.push(attempt);
  }
  for (const standing of found.values()) {
    if (stalled === undefined) wake(standing);
    if (standing.state !== "running") continue;
    // What ran when its attempt ended did not come to an end of its own.
    if (hasEnded(state) || state === "WaitingForRetry" || state === "Queued" || standing.attempts.at(-1) !== attempt)
      standing.state = "interrupted";
  }
  return found;
}

/** What was stalled runs. */
function wake(standing: ComponentStanding): void {
  if (standing.state === "stalled") standing.state = "running";
}

function stateAfter(event: string): ComponentStanding["state"] | undefined {
  if (event === "component-started") return "running";
  if (event === "component-finished" || event === "checkpoint-saved" || event === "wait-over") return "finished";
  if (event === "component-failed") return "failed";
  if (event === "stalled") return "stalled";
  return event === "waiting" ? "waiting" : undefined;
}

/** The component that a stalled request stands at, as its log tells it. */
export function stalledAt(log: readonly LogEntry[]): string | undefined {
  return log.findLast(({ event }) => event === "stalled")?.component;
}
