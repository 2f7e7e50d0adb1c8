import {
  CallError,
  platform,
  type ClusterChanged,
  type ClusterOverview,
  type ClusterView,
  type PushUpdateProgress,
  type TourProgress,
} from "../../platform";
import { colorOf } from "../../cluster/colors";
import { announceStalled, announceTakeover } from "../../cluster/takeovers.svelte";
import { toasts } from "../../shared/toasts.svelte";
import { shortVersion } from "../../shared/version";
import { toldTogether } from "./neverLost";

/** The clusters that the designer knows, and what goes on on the chosen one. */
export class Clusters {
  known = $state.raw<ClusterView[]>([]);
  chosenName = $state<string | null>(null);
  overview = $state.raw<ClusterOverview | null>(null);
  /** The last Push update, while it goes on and until it is put away. */
  pushUpdate = $state.raw<PushUpdateProgress | null>(null);
  pushing = $state(false);
  pushProblem = $state.raw<CallError | null>(null);
  tour = $state.raw<TourProgress | null>(null);

  readonly chosen = $derived(this.known.find(({ name }) => name === this.chosenName));

  async refresh(): Promise<void> {
    try {
      const list = await platform.call("cluster_list", {});
      this.known = list.clusters;
      this.chosenName = list.chosen;
    } catch (thrown) {
      toasts.error("The clusters cannot be listed", CallError.from(thrown).message);
    }
    await this.look();
  }

  /** Asks how the chosen cluster is doing. */
  async look(): Promise<void> {
    const cluster = this.chosenName;
    if (cluster === null || !this.chosen?.account) {
      this.overview = null;
      return;
    }
    try {
      const overview = await platform.call("cluster_overview", { cluster });
      if (this.chosenName === cluster) this.overview = overview;
    } catch (thrown) {
      const problem = CallError.from(thrown).message;
      const servers = this.overview?.cluster === cluster ? this.overview.servers : [];
      this.overview = { cluster, servers, counts: {}, problem };
    }
  }

  async choose(cluster: string): Promise<void> {
    await platform.call("cluster_choose", { cluster }).catch((e: unknown) => toasts.error("Cluster", String(e)));
    await this.refresh();
  }

  /** Signs in; answers the error, if there was one. */
  async signIn(cluster: string, url: string, account: string, password: string): Promise<CallError | undefined> {
    try {
      await platform.call("cluster_sign_in", { cluster, url, account, password });
      await this.refresh();
      return undefined;
    } catch (thrown) {
      return CallError.from(thrown);
    }
  }

  async signOut(cluster: string): Promise<void> {
    try {
      await platform.call("cluster_sign_out", { cluster });
    } catch (thrown) {
      toasts.error("Signing out failed", CallError.from(thrown).message);
    }
    await this.refresh();
  }

  take(change: ClusterChanged): void {
    for (const one of change.takeovers) announceTakeover(one);
    for (const one of change.stalled) announceStalled(one);
    if (change.cluster === this.chosenName && change.servers) void this.look();
  }

  /** The colour of the chosen cluster, as CSS has it. */
  readonly color = $derived(this.chosen && colorOf(this.chosen.mark.color));

  /**
   * Push update to the chosen cluster, or back to a former commit; every server's answer comes in events on the way.
   * `confirm` is the cluster's name where that is asked for.
   */
  async update(confirm: string | undefined, back?: string): Promise<void> {
    const cluster = this.chosenName;
    if (cluster === null) return;
    this.pushing = true;
    this.pushProblem = null;
    this.pushUpdate = null;
    try {
      const confirmed = { cluster, ...(confirm === undefined ? {} : { confirm }) };
      if (back === undefined)
        // Whoever pushes has seen that changes stay here: the plan says so.
        this.pushUpdate = await platform.call("push_update", { ...confirmed, leaveChanges: true });
      else {
        const ask = (): Promise<PushUpdateProgress> =>
          platform.call("push_update_back", { ...confirmed, commit: back });
        const { answer, changed } = await toldTogether(ask);
        this.pushUpdate = answer;
        toasts.ok(`The project is back at ${shortVersion(back)}`, changed || undefined);
      }
    } catch (thrown) {
      this.pushProblem = CallError.from(thrown);
    } finally {
      this.pushing = false;
      await this.look();
    }
  }
}
