import ArrowDownNarrowWide from "@lucide/svelte/icons/arrow-down-narrow-wide";
import ArrowRightLeft from "@lucide/svelte/icons/arrow-right-left";
import Box from "@lucide/svelte/icons/box";
import Braces from "@lucide/svelte/icons/braces";
import CircleX from "@lucide/svelte/icons/circle-x";
import Combine from "@lucide/svelte/icons/combine";
import CopyMinus from "@lucide/svelte/icons/copy-minus";
import Database from "@lucide/svelte/icons/database";
import DatabaseZap from "@lucide/svelte/icons/database-zap";
import FileCode from "@lucide/svelte/icons/file-code";
import FileInput from "@lucide/svelte/icons/file-input";
import FileOutput from "@lucide/svelte/icons/file-output";
import FileSymlink from "@lucide/svelte/icons/file-symlink";
import FileX from "@lucide/svelte/icons/file-x";
import Files from "@lucide/svelte/icons/files";
import Flag from "@lucide/svelte/icons/flag";
import Funnel from "@lucide/svelte/icons/funnel";
import GitFork from "@lucide/svelte/icons/git-fork";
import Globe from "@lucide/svelte/icons/globe";
import Hourglass from "@lucide/svelte/icons/hourglass";
import ListTree from "@lucide/svelte/icons/list-tree";
import Merge from "@lucide/svelte/icons/merge";
import OctagonX from "@lucide/svelte/icons/octagon-x";
import Play from "@lucide/svelte/icons/play";
import Repeat from "@lucide/svelte/icons/repeat";
import Reply from "@lucide/svelte/icons/reply";
import ScanText from "@lucide/svelte/icons/scan-text";
import ScrollText from "@lucide/svelte/icons/scroll-text";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import Sigma from "@lucide/svelte/icons/sigma";
import Square from "@lucide/svelte/icons/square";
import SquareTerminal from "@lucide/svelte/icons/square-terminal";
import Table2 from "@lucide/svelte/icons/table-2";
import Variable from "@lucide/svelte/icons/variable";
import Workflow from "@lucide/svelte/icons/workflow";
import type { Component } from "svelte";
import type { palette } from "../generated/palette";

type Icon = Component<{ size?: number; strokeWidth?: number }>;
type PaletteIcon = (typeof palette)[keyof typeof palette]["icon"];

/** The Lucide icons of the component types; none may be missing. A Checkpoint's cairn is drawn by itself. */
const icons: Record<Exclude<PaletteIcon, "cairn">, Icon> & Record<string, Icon> = {
  "arrow-down-narrow-wide": ArrowDownNarrowWide,
  "arrow-right-left": ArrowRightLeft,
  box: Box,
  braces: Braces,
  "circle-x": CircleX,
  combine: Combine,
  "copy-minus": CopyMinus,
  database: Database,
  "database-zap": DatabaseZap,
  "file-code": FileCode,
  "file-input": FileInput,
  "file-output": FileOutput,
  "file-symlink": FileSymlink,
  "file-x": FileX,
  files: Files,
  flag: Flag,
  funnel: Funnel,
  "git-fork": GitFork,
  globe: Globe,
  hourglass: Hourglass,
  "list-tree": ListTree,
  merge: Merge,
  "octagon-x": OctagonX,
  play: Play,
  repeat: Repeat,
  reply: Reply,
  "scan-text": ScanText,
  "scroll-text": ScrollText,
  "shield-check": ShieldCheck,
  sigma: Sigma,
  square: Square,
  "square-terminal": SquareTerminal,
  "table-2": Table2,
  variable: Variable,
  workflow: Workflow,
};

/** The icon of this name; a plain box where it is not known. */
export function iconNamed(name: string | undefined): Icon {
  return icons[name ?? "box"] ?? Box;
}
