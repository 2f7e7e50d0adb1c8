import { asSentence, platform } from "../platform";
import { countQueryOf, queryOf, type RequestFilter } from "../cluster/filter";
import { lately, throughputOf } from "../cluster/throughput";
import type {
  BulkOutcome,
  ClusterChange,
  ClusterSource,
  Counts,
  FilterShelf,
  Overview,
  ReExecuteWish,
  RequestPage,
  SavedFileFormat,
} from "../cluster/source";
import type { Values } from "../shared/lines";
import type {
  Attempt,
  Bulk,
  Commands,
  Flow,
  LogEntry,
  Page,
  ReExecutionPreview,
  ReExecutionQuery,
  Request,
  RequestDetail,
  SavedPoint,
  SavedRows,
} from "../generated/types";

/** How many earlier attempts or saved points of a request are read at once. */
const EARLIER = 500;

/** A cluster that the designer is signed in to, through the designer. */
export class DesignerSource implements ClusterSource {
  readonly choosesServer = true;
  readonly choosesPoint = true;
  readonly cluster: string;
  readonly filters: FilterShelf;

  constructor(cluster: string) {
    this.cluster = cluster;
    this.filters = {
      list: () => platform.call("cluster_filters", { cluster }),
      save: (filter) => platform.call("cluster_save_filter", { cluster, filter }),
      remove: async (name) => {
        await platform.call("cluster_remove_filter", { cluster, name });
      },
    };
  }

  async overview(): Promise<Overview> {
    const { servers, counts, problem } = await platform.call("cluster_overview", { cluster: this.cluster });
    // Which of them the designer asked is nothing to its user.
    const seen = servers.map((server) => ({ ...server, thisServer: false }));
    return { servers: seen, counts, problem: problem === null ? null : asSentence(problem) };
  }

  requests(filter: RequestFilter, page: RequestPage): Promise<Page<Request>> {
    return platform.call("cluster_requests", { cluster: this.cluster, query: queryOf(filter, page) });
  }

  counts(filter: RequestFilter): Promise<Counts> {
    return platform.call("cluster_counts", { cluster: this.cluster, query: countQueryOf(filter) });
  }

  async throughput(): Promise<ReadonlyMap<string, Values>> {
    return throughputOf(await platform.call("cluster_metrics", { cluster: this.cluster, query: lately() }));
  }

  request(id: number): Promise<RequestDetail> {
    return platform.call("cluster_request", { cluster: this.cluster, request: id });
  }

  log(id: number, after: number): Promise<LogEntry[]> {
    return platform.call("cluster_request_log", { cluster: this.cluster, request: id, after });
  }

  async flow(id: number): Promise<Flow> {
    return (await platform.call("cluster_request_flow", { cluster: this.cluster, request: id })).flow;
  }

  async attempts(id: number, before: number): Promise<Attempt[]> {
    const query = { before, limit: EARLIER };
    return (await platform.call("cluster_attempts", { cluster: this.cluster, request: id, query })).items;
  }

  async savedPoints(id: number, before: number): Promise<SavedPoint[]> {
    const query = { before, limit: EARLIER };
    return (await platform.call("cluster_saved_points", { cluster: this.cluster, request: id, query })).items;
  }

  savedRows(id: number, point: number, after?: string): Promise<SavedRows> {
    const page = after === undefined ? {} : { after };
    return platform.call("cluster_saved_point", { cluster: this.cluster, request: id, number: point, ...page });
  }

  download(id: number, point: number, format: SavedFileFormat): Promise<string | null> {
    return platform.download({ cluster: this.cluster, request: id, number: point, format });
  }

  reExecute(id: number, wish: ReExecuteWish): Promise<Request> {
    return platform.call("cluster_re_execute", { cluster: this.cluster, request: id, wish });
  }

  /** Makes a new request with the same inputs, which runs at the version that its server has now. */
  async startAnew({ request, inputs }: RequestDetail, server?: string): Promise<Request> {
    const [made] = await platform.call("cluster_start_requests", {
      cluster: this.cluster,
      project: request.project,
      flow: request.flow,
      inputs: inputs as Commands["cluster_start_requests"]["input"]["inputs"] & object,
      ...(server ? { server } : {}),
    });
    if (!made) throw new Error("The server made no request.");
    return made;
  }

  bulk(wish: Bulk): Promise<BulkOutcome> {
    return platform.call("cluster_bulk", { cluster: this.cluster, bulk: wish });
  }

  reExecution(id: number, query: ReExecutionQuery): Promise<ReExecutionPreview> {
    return platform.call("cluster_re_execution", { cluster: this.cluster, request: id, query });
  }

  takeOver(id: number, server?: string): Promise<Request> {
    return platform.call("cluster_take_over", { cluster: this.cluster, request: id, wish: server ? { server } : {} });
  }

  cancel(id: number): Promise<Request> {
    return platform.call("cluster_cancel", { cluster: this.cluster, request: id });
  }

  async maintain(server: string, on: boolean): Promise<void> {
    await platform.call("cluster_maintain", { cluster: this.cluster, server, on });
  }

  changed(heard: (change: ClusterChange) => void): () => void {
    return platform.listen((event) => {
      if (event.event !== "cluster-changed" || event.cluster !== this.cluster) return;
      const { servers, requests, takeovers, stalled } = event;
      heard({ servers, projects: servers, requests, takeovers, stalled });
    });
  }
}
