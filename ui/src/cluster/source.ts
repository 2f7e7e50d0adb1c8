import type {
  Attempt,
  Bulk,
  BulkAction,
  BulkDone,
  Flow,
  LogEntry,
  Page,
  ReExecution,
  ReExecutionPreview,
  ReExecutionQuery,
  Request,
  RequestDetail,
  RequestState,
  Role,
  SavedFilter,
  SavedFormat,
  SavedPoint,
  SavedRows,
  ServerView,
} from "../generated/types";
import type { Values } from "../shared/lines";
import type { RequestFilter } from "./filter";
import { sentence } from "./words";

/** How many requests there are in each state; a state without requests may be missing. */
export type Counts = Partial<Record<RequestState, number>>;

/** A cluster at one moment. */
export interface Overview {
  servers: ServerView[];
  counts: Counts;
  /** Why what is shown is old: no server answers. */
  problem: string | null;
}

/** What changed on a cluster. What it is now is not told: ask again for what is shown. */
export interface ClusterChange {
  servers: boolean;
  projects: boolean;
  /** The requests that changed; null when there are too many to name. */
  requests: readonly number[] | null;
  takeovers: readonly { dead: string; survivor: string; count: number }[];
  /** The requests that turned out to be stalled. */
  stalled: readonly { request: number; flow: string; server: string }[];
}

/** Which part of a list of requests to read. */
export interface RequestPage {
  /** Only those older than this one. */
  before?: number | undefined;
  limit: number;
  /** Whether each comes with its attempts. */
  attempts?: boolean;
}

export type { BulkAction };

/** The requests that something is done to: these, or all that fit a filter. */
export type BulkOf = Pick<Bulk, "ids" | "filter">;

/** What was done to many requests, or would be. */
export type BulkOutcome = Pick<BulkDone, "matched" | "done" | "skipped" | "skippedCount" | "next">;

/** Where an account keeps filters of the list of requests. */
export interface FilterShelf {
  list(): Promise<SavedFilter[]>;
  /** Keeps a filter, in the place of the one of its name; answers all that are kept. */
  save(filter: SavedFilter): Promise<SavedFilter[]>;
  remove(name: string): Promise<void>;
}

/** Where a new attempt goes on, and on which server; from the last saved points, and on any, if absent. */
export type ReExecuteWish = ReExecution;

/** The files that a saved stream can be downloaded as. */
export type SavedFileFormat = Exclude<SavedFormat, "page">;

/** Where the views of a cluster get what they show. Every promise rejects with something {@link ClusterError} takes. */
export interface ClusterSource {
  overview(): Promise<Overview>;
  /** The requests that fit, the newest first. */
  requests(filter: RequestFilter, page: RequestPage): Promise<Page<Request>>;
  /** How many of those that fit are in each state, where it can be told. The filter's own states do not count. */
  counts?(filter: RequestFilter): Promise<Counts>;
  /** Requests a second that each server finished lately, by the server's id; where it can be told. */
  throughput?(): Promise<ReadonlyMap<string, Values>>;
  request(id: number): Promise<RequestDetail>;
  /** The log of a request that follows the entry `after`, the oldest entry first. */
  log(id: number, after: number): Promise<LogEntry[]>;
  /** The flow of a request at the version that the request is pinned to. */
  flow(id: number): Promise<Flow>;
  /** The attempts of a request before the one with this number, the newest of them, in their order; where they can be read. */
  attempts?(id: number, before: number): Promise<Attempt[]>;
  /** What a request saved before the point with this number, the newest of it, in the order of saving; where it can be read. */
  savedPoints?(id: number, before: number): Promise<SavedPoint[]>;
  /** A page of a saved point's records; the next one begins at the `next` of the one before. */
  savedRows(id: number, point: number, after?: string): Promise<SavedRows>;
  /** Keeps a saved point's whole stream as a file of its user's. Answers which, where that can be told. */
  download(id: number, point: number, format: SavedFileFormat): Promise<string | null>;
  /** Begins a new attempt. */
  reExecute(id: number, wish: ReExecuteWish): Promise<Request>;
  /**
   * Makes a new request with the same inputs, which runs from its start at the version that its server has now. Where
   * it can be done.
   */
  startAnew?(detail: RequestDetail, server?: string): Promise<Request>;
  /** What a re-execution would do, and what stands in its way. */
  reExecution(id: number, query: ReExecutionQuery): Promise<ReExecutionPreview>;
  /** Takes a running request from its server: for this one, or for any other that runs. */
  takeOver(id: number, server?: string): Promise<Request>;
  cancel(id: number): Promise<Request>;
  /** Puts a server into maintenance, or ends that. Where it can be done. */
  maintain?(server: string, on: boolean): Promise<void>;
  /** Does something to many requests, or only tells what would happen. Where it can be done. */
  bulk?(wish: Bulk): Promise<BulkOutcome>;
  /** The filters that the account keeps, where it can keep any. */
  readonly filters?: FilterShelf;
  /** Hears what changes until the returned function is called. */
  changed(heard: (change: ClusterChange) => void): () => void;
  /** Whether a re-execution can be given to any server, or only to the one that answers. */
  readonly choosesServer: boolean;
  /** Whether a re-execution can go on from an earlier saved point. */
  readonly choosesPoint: boolean;
}

/** Why the cluster did not do what it was asked. `code` is stable; the message says the way out. */
export class ClusterError extends Error {
  readonly code: string;
  /** The member of the input that is wrong, if one is. */
  readonly place: string | undefined;

  constructor(code: string, message: string, place?: string) {
    super(message);
    this.name = "ClusterError";
    this.code = code;
    this.place = place;
  }

  /** Makes whatever was thrown a `ClusterError`. */
  static from(thrown: unknown): ClusterError {
    if (thrown instanceof ClusterError) return thrown;
    if (thrown instanceof Error && "code" in thrown)
      return new ClusterError(String(thrown.code), sentence(thrown.message));
    return new ClusterError("cluster/unexpected", thrown instanceof Error ? thrown.message : String(thrown));
  }
}

const rank: Record<Role, number> = { Viewer: 0, Operator: 1, Author: 2, Administrator: 3 };

/** Whether `role` may do what `least` may. */
export function atLeast(role: Role | undefined, least: Role): boolean {
  return role !== undefined && rank[role] >= rank[least];
}

/** The states of a request, in the order of its life. */
export const requestStates: readonly RequestState[] = [
  "Queued",
  "Running",
  "Waiting",
  "WaitingForRetry",
  "Finished",
  "Error",
  "Cancelled",
];

/** Whether a request in this state never changes again by itself. */
export function hasEnded(state: RequestState): boolean {
  return state === "Finished" || state === "Error" || state === "Cancelled";
}

/** The state that a request is shown in: one that runs and makes no progress is stalled. */
export function shownState({ state, stalled }: Pick<Request, "state" | "stalled">): RequestState | "Stalled" {
  return state === "Running" && stalled !== undefined ? "Stalled" : state;
}
