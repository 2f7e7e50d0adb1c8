import { counted } from "../shared/time";
import { toasts } from "../shared/toasts.svelte";
import type { ClusterChange, ClusterSource } from "./source";

/** Tells of takeovers and stalled requests in the corner of the window, for as long as the component stands. */
export function announceTakeovers(source: () => ClusterSource): void {
  $effect(() =>
    source().changed(({ takeovers, stalled }) => {
      for (const one of stalled) announceStalled(one);
      for (const one of takeovers) announceTakeover(one);
    }),
  );
}

/** Tells that a server was lost, and who goes on with its requests if it had any. */
export function announceTakeover({ dead, survivor, count }: ClusterChange["takeovers"][number]): void {
  if (count === 0) toasts.info(`${dead} was lost`, "It had no requests under way.");
  else
    toasts.info(
      `${survivor} took over`,
      `${dead} was lost; ${counted(count, "request goes", "requests go")} on at ${survivor}.`,
    );
}

/** Tells of a stalled request. */
export function announceStalled({ request, flow, server }: ClusterChange["stalled"][number]): void {
  toasts.error(`Request ${request} of ${flow} is stalled`, `It makes no progress on ${server}.`);
}
