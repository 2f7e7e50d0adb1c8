import { platform } from "../../../platform";
import { designer } from "../designer.svelte";
import { isVersioned, type Action } from "./action";

/** Clusters and what runs on them. */
export const cluster = {
  "push-update": {
    label: "Push update…",
    keys: "Ctrl+Shift+U",
    can: () => isVersioned() && !!designer.clusters.chosen?.account,
    do: () => designer.window.open({ kind: "push-update" }),
  },
  "sign-in": { label: "Sign in to a cluster…", do: () => designer.window.open({ kind: "sign-in" }) },
  monitor: { label: "Monitor", keys: "Ctrl+M", do: openMonitor },
} satisfies Record<string, Action>;

/** The monitor: a window of its own on the desktop, a tab in a browser. */
async function openMonitor(): Promise<void> {
  if (designer.host.kind === "browser") {
    window.open("monitor.html", "cairn-monitor");
    return;
  }
  await platform.call("window_open_monitor", {}).catch((thrown: unknown) => designer.fail("The monitor", thrown));
}
