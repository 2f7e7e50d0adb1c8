import Ban from "@lucide/svelte/icons/ban";
import CircleAlert from "@lucide/svelte/icons/circle-alert";
import CircleCheck from "@lucide/svelte/icons/circle-check";
import CircleDashed from "@lucide/svelte/icons/circle-dashed";
import CircleDot from "@lucide/svelte/icons/circle-dot";
import CirclePause from "@lucide/svelte/icons/circle-pause";
import CircleX from "@lucide/svelte/icons/circle-x";
import Hourglass from "@lucide/svelte/icons/hourglass";
import LogOut from "@lucide/svelte/icons/log-out";
import Play from "@lucide/svelte/icons/play";
import RotateCw from "@lucide/svelte/icons/rotate-cw";
import TriangleAlert from "@lucide/svelte/icons/triangle-alert";
import Wrench from "@lucide/svelte/icons/wrench";
import type { Component } from "svelte";

/** What a state means for whoever looks at it; gives its colour. */
export type Tone = "ok" | "active" | "waiting" | "danger" | "muted";

/** How a state is shown: never by colour alone. */
export interface StateLook {
  label: string;
  tone: Tone;
  icon: Component<{ size?: number }>;
}

const looks: Record<string, StateLook> = {
  // Requests.
  Queued: { label: "Queued", tone: "muted", icon: CircleDashed },
  Running: { label: "Running", tone: "active", icon: Play },
  Stalled: { label: "Stalled", tone: "danger", icon: TriangleAlert },
  Waiting: { label: "Waiting", tone: "waiting", icon: Hourglass },
  WaitingForRetry: { label: "Waiting for retry", tone: "waiting", icon: RotateCw },
  Finished: { label: "Finished", tone: "ok", icon: CircleCheck },
  Error: { label: "Error", tone: "danger", icon: CircleAlert },
  Cancelled: { label: "Cancelled", tone: "muted", icon: Ban },
  // Servers; a running server is well, while a running request is under way.
  "server:Running": { label: "Running", tone: "ok", icon: CircleDot },
  "server:NotReady": { label: "Not ready", tone: "danger", icon: TriangleAlert },
  "server:Draining": { label: "Draining", tone: "waiting", icon: LogOut },
  "server:Maintenance": { label: "Maintenance", tone: "waiting", icon: Wrench },
  "server:Terminated": { label: "Terminated", tone: "danger", icon: CircleX },
  "server:Unreachable": { label: "No answer", tone: "danger", icon: TriangleAlert },
  // Components in a local run.
  "component:running": { label: "Running", tone: "active", icon: Play },
  "component:stalled": { label: "Stalled", tone: "danger", icon: TriangleAlert },
  "component:finished": { label: "Finished", tone: "ok", icon: CircleCheck },
  "component:failed": { label: "Failed", tone: "danger", icon: CircleAlert },
  "component:skipped": { label: "Skipped", tone: "muted", icon: CircleDashed },
  "component:waiting": { label: "Waiting", tone: "waiting", icon: CirclePause },
};

/** The look of a state of a request, or of a server or component when `of` says so. */
export function lookOf(state: string, of?: "server" | "component"): StateLook {
  return looks[of ? `${of}:${state}` : state] ?? { label: state, tone: "muted", icon: CircleDashed };
}
