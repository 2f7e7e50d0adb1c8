import Box from "@lucide/svelte/icons/box";
import CircleStop from "@lucide/svelte/icons/circle-stop";
import CircleX from "@lucide/svelte/icons/circle-x";
import Database from "@lucide/svelte/icons/database";
import FileInput from "@lucide/svelte/icons/file-input";
import FileOutput from "@lucide/svelte/icons/file-output";
import FileText from "@lucide/svelte/icons/file-text";
import Filter from "@lucide/svelte/icons/funnel";
import Flag from "@lucide/svelte/icons/flag";
import FlagTriangleRight from "@lucide/svelte/icons/flag-triangle-right";
import GitFork from "@lucide/svelte/icons/git-fork";
import Globe from "@lucide/svelte/icons/globe";
import Hourglass from "@lucide/svelte/icons/hourglass";
import OctagonX from "@lucide/svelte/icons/octagon-x";
import Play from "@lucide/svelte/icons/play";
import Send from "@lucide/svelte/icons/send";
import Shuffle from "@lucide/svelte/icons/shuffle";
import Split from "@lucide/svelte/icons/split";
import Timer from "@lucide/svelte/icons/timer";
import ArrowRightLeft from "@lucide/svelte/icons/arrow-right-left";
import Circle from "@lucide/svelte/icons/circle";
import Square from "@lucide/svelte/icons/square";
import CirclePlay from "@lucide/svelte/icons/circle-play";
import Clock from "@lucide/svelte/icons/clock";
import Webhook from "@lucide/svelte/icons/webhook";
import type { Component } from "svelte";

/** The Lucide icons that component descriptions name. One that is missing here is drawn as a plain box. */
const icons: Record<string, Component<{ size?: number; strokeWidth?: number }>> = {
  "arrow-right-left": ArrowRightLeft,
  box: Box,
  circle: Circle,
  "circle-play": CirclePlay,
  "circle-stop": CircleStop,
  "circle-x": CircleX,
  clock: Clock,
  database: Database,
  "file-input": FileInput,
  "file-output": FileOutput,
  "file-text": FileText,
  filter: Filter,
  funnel: Filter,
  flag: Flag,
  "flag-triangle-right": FlagTriangleRight,
  "git-fork": GitFork,
  globe: Globe,
  hourglass: Hourglass,
  "octagon-x": OctagonX,
  play: Play,
  send: Send,
  shuffle: Shuffle,
  split: Split,
  square: Square,
  timer: Timer,
  webhook: Webhook,
};

export function iconNamed(name: string | undefined): Component<{ size?: number; strokeWidth?: number }> {
  return icons[name ?? "box"] ?? Box;
}
