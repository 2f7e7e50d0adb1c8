import { ClusterError } from "../cluster/source";
import { platform } from "../platform";
import type { ClusterView } from "../generated/types";

/** Where several clusters are seen beside each other. */
export const SIDE_BY_SIDE = "/side-by-side";

/** The clusters that the designer knows. The monitor may look at another one than the designer pushes to. */
export class Clusters {
  all = $state.raw<ClusterView[]>();
  problem = $state.raw<ClusterError>();
  /** Whether the host can be heard. */
  connected = $state(true);
  #wanted = $state<string>();
  #chosenInDesigner = $state<string | null>(null);

  readonly shown = $derived.by(() => {
    const named = (name: string | null | undefined) => this.all?.find((cluster) => cluster.name === name);
    return named(this.#wanted) ?? named(this.#chosenInDesigner) ?? this.all?.[0];
  });

  /** The clusters that somebody is signed in to. */
  readonly open = $derived((this.all ?? []).filter(({ account }) => account !== null));

  /** Follows the designer's list of clusters until the returned function is called. */
  follow(): () => void {
    void this.look();
    const silence = platform.listen((event) => event.event === "clusters-changed" && void this.look());
    const apart = platform.connection((connected) => {
      this.connected = connected;
      if (connected) void this.look();
    });
    return () => {
      silence();
      apart();
    };
  }

  async look(): Promise<void> {
    try {
      const { clusters, chosen } = await platform.call("cluster_list", {});
      this.all = clusters;
      this.#chosenInDesigner = chosen;
      this.problem = undefined;
    } catch (thrown) {
      this.problem = ClusterError.from(thrown);
    }
  }

  show(name: string): void {
    this.#wanted = name;
  }

  /** Signs in to a cluster that is known; answers the error, if there was one. */
  async signIn(cluster: ClusterView, account: string, password: string): Promise<ClusterError | undefined> {
    try {
      await platform.call("cluster_sign_in", { cluster: cluster.name, url: cluster.urls[0] ?? "", account, password });
      await this.look();
      return undefined;
    } catch (thrown) {
      return ClusterError.from(thrown);
    }
  }

  async signOut(cluster: string): Promise<void> {
    await platform.call("cluster_sign_out", { cluster });
    await this.look();
  }
}
