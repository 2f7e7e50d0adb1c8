import { platform } from "../platform";
import { queryOf, type RequestFilter } from "../cluster/filter";
import type { ClusterChange, ClusterSource, Overview, ReExecuteWish, RequestPage } from "../cluster/source";
import type { Flow, LogEntry, Page, Request, RequestDetail, SavedRows } from "../generated/types";

/** A cluster that the designer is signed in to, through the designer. */
export class DesignerSource implements ClusterSource {
  readonly choosesServer = true;
  readonly choosesPoint = false;
  readonly cluster: string;

  constructor(cluster: string) {
    this.cluster = cluster;
  }

  async overview(): Promise<Overview> {
    const { servers, counts, problem } = await platform.call("cluster_overview", { cluster: this.cluster });
    return { servers, counts, problem };
  }

  requests(filter: RequestFilter, page: RequestPage): Promise<Page<Request>> {
    return platform.call("cluster_requests", { cluster: this.cluster, query: queryOf(filter, page) });
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

  savedRows(id: number, point: number): Promise<SavedRows> {
    return platform.call("cluster_saved_point", { cluster: this.cluster, request: id, number: point });
  }

  reExecute(id: number, { server }: ReExecuteWish): Promise<Request> {
    const asked = { cluster: this.cluster, request: id, ...(server ? { server } : {}) };
    return platform.call("cluster_re_execute", asked);
  }

  cancel(id: number): Promise<Request> {
    return platform.call("cluster_cancel", { cluster: this.cluster, request: id });
  }

  changed(heard: (change: ClusterChange) => void): () => void {
    return platform.listen((event) => {
      if (event.event !== "cluster-changed" || event.cluster !== this.cluster) return;
      const { servers, requests, takeovers } = event;
      heard({ servers, projects: servers, requests, takeovers });
    });
  }
}
