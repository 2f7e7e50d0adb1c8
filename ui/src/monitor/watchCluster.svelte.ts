import { untrack } from "svelte";
import { provideCluster } from "../cluster/context";
import { concernsRequests, watched, type Live } from "../cluster/live.svelte";
import type { Router } from "../cluster/router.svelte";
import { atLeast, type Overview } from "../cluster/source";
import { announceTakeovers } from "../cluster/takeovers.svelte";
import type { Account } from "../generated/types";
import { DesignerSource } from "./source";

/** Provides the views below a component with a cluster, live, and tells of its takeovers. */
export function watchCluster(cluster: () => string, account: () => Account, router: () => Router): Live<Overview> {
  const source = new DesignerSource(untrack(cluster));
  provideCluster({
    source,
    router: untrack(router),
    get mayOperate() {
      return atLeast(account().role, "Operator");
    },
  });
  announceTakeovers(() => source);
  return watched(
    () => source,
    () => source.overview(),
    (change) => change.servers || concernsRequests(change),
  );
}
