import type { Skipped } from "../generated/types";
import { grouped } from "../shared/grouped";
import { count } from "../shared/time";

/** Why something is not done to requests that have the same reason. */
export interface Reason {
  code: string;
  ids: number[];
  /** What of each does not fit the newest version; empty if that is not why. */
  misfits: string[];
  /** Why, as it is said of the first. */
  message: string;
}

const NAMED = 12;

/** The reasons why something is not done to requests, in the order of their first. */
export function reasonsOf(skipped: Iterable<Skipped>): Reason[] {
  return [...grouped(skipped, kindOf).values()].flatMap((alike) => {
    const [first] = alike;
    if (!first) return [];
    return { code: first.code, ids: alike.map(({ id }) => id), misfits: misfitsOf(first), message: first.message };
  });
}

/** Requests by their ids, as many as a person reads. */
export function named(ids: readonly number[]): string {
  const more = ids.length - NAMED;
  return ids.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
}

function misfitsOf({ misfits = [], inputs }: Skipped): string[] {
  return [...(inputs === undefined ? [] : [inputs]), ...misfits.map(({ message }) => message)];
}

/** The same for those whose reasons differ in nothing but the request that they name. */
function kindOf(skipped: Skipped): string {
  const { id, code, message } = skipped;
  const misfits = misfitsOf(skipped);
  const what = misfits.length > 0 ? misfits : [message.replaceAll(`request ${id}`, "request")];
  return JSON.stringify([code, ...what]);
}
