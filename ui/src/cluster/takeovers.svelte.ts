import { toasts } from "../shared/toasts.svelte";
import type { ClusterSource } from "./source";

/** Tells of every takeover in the corner of the window, for as long as the component stands. */
export function announceTakeovers(source: () => ClusterSource): void {
  $effect(() =>
    source().changed(({ takeovers }) => {
      for (const { dead, survivor, count } of takeovers) {
        const moved = count === 1 ? "1 request goes on there" : `${count} requests go on there`;
        toasts.info(`${survivor} took over`, `${dead} was lost; ${moved}.`);
      }
    }),
  );
}
