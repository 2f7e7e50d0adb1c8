import { getContext, setContext } from "svelte";
import type { Router } from "./router.svelte";
import type { ClusterSource } from "./source";

/** What all views of a cluster share. */
export interface ClusterContext {
  readonly source: ClusterSource;
  readonly router: Router;
  /** Whether who is signed in may start, re-execute and cancel requests. */
  readonly mayOperate: boolean;
}

const KEY = Symbol("cluster");

export function provideCluster(context: ClusterContext): void {
  setContext(KEY, context);
}

export function useCluster(): ClusterContext {
  return getContext<ClusterContext>(KEY);
}
