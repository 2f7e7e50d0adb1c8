import type {
  Attempt,
  Bulk,
  BulkDone,
  FlowAtVersion,
  FlowEntry,
  LogEntry,
  NewRequests,
  Page,
  Project,
  ReExecutionPreview,
  ReExecutionQuery,
  Request,
  RequestDetail,
  Requests,
  SavedPoint,
  SavedRows,
  Server,
  Updated,
} from "../generated/types";
import type { Values } from "../shared/lines";
import { countQueryOf, queryOf, type RequestFilter } from "../cluster/filter";
import type {
  BulkOutcome,
  ClusterChange,
  ClusterSource,
  Counts,
  Overview,
  ReExecuteWish,
  RequestPage,
  SavedFileFormat,
} from "../cluster/source";
import { lately, throughputOf } from "../cluster/throughput";
import { downloadFrom } from "../shared/download";
import { addressOf, call } from "./api";
import { cluster, own } from "./endpoints";
import type { Events } from "./events";

/** What the console does beyond looking at requests. */
export interface ConsoleSource extends ClusterSource {
  projects(): Promise<Project[]>;
  flows(project: string): Promise<FlowEntry[]>;
  /** Brings this server to the newest commit of the project's branch. */
  update(project: string): Promise<Updated>;
  start(wish: NewRequests): Promise<Request[]>;
}

/** A cluster over the HTTP API of the server that served the page. */
export class HttpSource implements ConsoleSource {
  readonly choosesServer = true;
  readonly choosesPoint = true;
  readonly filters = own.filters;
  #events: Events;

  constructor(events: Events) {
    this.#events = events;
  }

  async overview(): Promise<Overview> {
    const [servers, counts] = await Promise.all([
      call<Server[]>("GET", "/servers"),
      call<Counts>("GET", "/requests/counts"),
    ]);
    // Servers are seen through the checkpoint database: one that hangs is Terminated there before long.
    const seen = servers.map((server) => ({ ...server, reachable: server.state !== "Terminated", problem: null }));
    return { servers: seen, counts, problem: null };
  }

  requests(filter: RequestFilter, page: RequestPage): Promise<Page<Request>> {
    return call("GET", addressOf("/requests", queryOf(filter, page)));
  }

  counts(filter: RequestFilter): Promise<Counts> {
    return call("GET", addressOf("/requests/counts", countQueryOf(filter)));
  }

  async throughput(): Promise<ReadonlyMap<string, Values>> {
    return throughputOf(await cluster.metrics(lately()));
  }

  request(id: number): Promise<RequestDetail> {
    return call("GET", `/requests/${id}`);
  }

  log(id: number, after: number): Promise<LogEntry[]> {
    return call("GET", addressOf(`/requests/${id}/log`, { after }));
  }

  async flow(id: number): Promise<FlowAtVersion["flow"]> {
    return (await call<FlowAtVersion>("GET", `/requests/${id}/flow`)).flow;
  }

  async attempts(id: number, before: number): Promise<Attempt[]> {
    return (await call<Page<Attempt>>("GET", addressOf(`/requests/${id}/attempts`, { before, limit: 500 }))).items;
  }

  async savedPoints(id: number, before: number): Promise<SavedPoint[]> {
    return (await call<Page<SavedPoint>>("GET", addressOf(`/requests/${id}/saved-points`, { before, limit: 500 })))
      .items;
  }

  savedRows(id: number, point: number, after?: string): Promise<SavedRows> {
    return call("GET", addressOf(`/requests/${id}/saved-points/${point}`, { after }));
  }

  download(id: number, point: number, format: SavedFileFormat): Promise<null> {
    downloadFrom(addressOf(`/requests/${id}/saved-points/${point}`, { format }));
    return Promise.resolve(null);
  }

  reExecute(id: number, wish: ReExecuteWish): Promise<Request> {
    return call("POST", `/requests/${id}/re-execute`, wish);
  }

  reExecution(id: number, query: ReExecutionQuery): Promise<ReExecutionPreview> {
    return call("GET", addressOf(`/requests/${id}/re-execution`, query));
  }

  takeOver(id: number, server?: string): Promise<Request> {
    return call("POST", `/requests/${id}/take-over`, server ? { server } : {});
  }

  cancel(id: number): Promise<Request> {
    return call("POST", `/requests/${id}/cancel`);
  }

  async maintain(server: string, on: boolean): Promise<void> {
    await call("PUT", `/servers/${encodeURIComponent(server)}/maintenance`, { on });
  }

  bulk(wish: Bulk): Promise<BulkOutcome> {
    return call<BulkDone>("POST", "/requests/bulk", wish);
  }

  changed(heard: (change: ClusterChange) => void): () => void {
    return this.#events.listen(heard);
  }

  projects(): Promise<Project[]> {
    return call("GET", "/projects");
  }

  flows(project: string): Promise<FlowEntry[]> {
    return call("GET", `/projects/${encodeURIComponent(project)}/flows`);
  }

  update(project: string): Promise<Updated> {
    return call("POST", `/projects/${encodeURIComponent(project)}/update`, {});
  }

  async start(wish: NewRequests): Promise<Request[]> {
    // With a key, a click that is sent twice makes the requests once.
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const made = await call<Requests>("POST", "/requests", wish, { "Idempotency-Key": key });
    return made.requests;
  }
}
