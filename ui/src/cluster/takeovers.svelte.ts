import { counted } from "../shared/time";
import { toasts } from "../shared/toasts.svelte";
import type { ClusterChange, ClusterSource } from "./source";

/** Tells of takeovers and stalled requests in the corner of the window, for as long as the component stands. */
export function announceTakeovers(source: () => ClusterSource): void {
  $effect(() =>
    source().changed(({ takeovers, stalled }) => {
      for (const one of stalled) announceStalled(one);
      for (const { dead, survivor, count } of takeovers) {
        const moved = counted(count, "request goes", "requests go") + " on there";
        toasts.info(`${survivor} took over`, `${dead} was lost; ${moved}.`);
      }
    }),
  );
}

/** Tells of a stalled request. */
export function announceStalled({ request, flow, server }: ClusterChange["stalled"][number]): void {
  toasts.error(`Request ${request} of ${flow} is stalled`, `It makes no progress on ${server}.`);
}
