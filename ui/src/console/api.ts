import type { Problem } from "../generated/types";
import { ClusterError } from "../cluster/source";
import { sentence } from "../cluster/words";

const PREFIX = "/api/v1";

/** The address of an endpoint. */
export function addressOf(path: string, query: object = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "" && value !== false) text.set(name, String(value));
  return `${PREFIX}${path}${text.size > 0 ? `?${text}` : ""}`;
}

/**
 * Calls the server that served this page. The cookie says who we are; the header says that no page of another origin
 * calls. Rejects with a {@link ClusterError}.
 */
export async function call<T>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  let reply: Response;
  try {
    reply = await fetch(path.startsWith(PREFIX) ? path : addressOf(path), {
      method,
      headers: {
        ...headers,
        ...(method === "GET" ? {} : { "X-Cairn-Csrf": "1" }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ClusterError("server/unreachable", `The server at ${location.host} does not answer. Is it running?`);
  }
  const text = await reply.text();
  if (reply.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  throw refusal(reply.status, text);
}

function refusal(status: number, text: string): ClusterError {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (problem.code && problem.detail) return new ClusterError(problem.code, sentence(problem.detail), problem.place);
  } catch {
    // Not an answer of Cairn: something between the server and us.
  }
  return new ClusterError("server/unexpected", `The server answered with status ${status}.`);
}
