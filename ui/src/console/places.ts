import Cable from "@lucide/svelte/icons/cable";
import ChartLine from "@lucide/svelte/icons/chart-line";
import CircleUser from "@lucide/svelte/icons/circle-user";
import GitBranch from "@lucide/svelte/icons/git-branch";
import ListChecks from "@lucide/svelte/icons/list-checks";
import ScrollText from "@lucide/svelte/icons/scroll-text";
import Server from "@lucide/svelte/icons/server";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import SlidersHorizontal from "@lucide/svelte/icons/sliders-horizontal";
import Users from "@lucide/svelte/icons/users";
import Zap from "@lucide/svelte/icons/zap";
import type { Component } from "svelte";
import { places } from "../cluster/router.svelte";
import { atLeast } from "../cluster/source";
import type { Role } from "../generated/types";

/** The addresses of the views that only the console has. */
export const consolePlaces = {
  start: "/requests/new",
  triggers: "/triggers",
  metrics: "/servers/metrics",
  projects: "/projects",
  log: "/log",
  settings: "/settings/flow",
  connections: "/settings/connections",
  account: "/account",
  users: "/users",
  audit: "/audit",
};

/** A view that the sidebar leads to. */
export interface Entry {
  title: string;
  path: string;
  icon: Component<{ size?: number }>;
  /** The least role that may see it; absent where every account may. */
  least?: Role;
}

/** What stands together in the sidebar. */
export interface Group {
  title: string;
  parts: { title?: string; entries: readonly Entry[] }[];
}

const groups: readonly Group[] = [
  {
    title: "Status",
    parts: [
      {
        title: "Flow",
        entries: [
          { title: "Server List", path: places.servers, icon: Server },
          { title: "Status List", path: places.requests, icon: ListChecks },
          { title: "Triggers", path: consolePlaces.triggers, icon: Zap },
          { title: "Metrics", path: consolePlaces.metrics, icon: ChartLine },
        ],
      },
      {
        entries: [
          { title: "Version Control", path: consolePlaces.projects, icon: GitBranch },
          { title: "Log", path: consolePlaces.log, icon: ScrollText },
        ],
      },
    ],
  },
  {
    title: "Settings",
    parts: [
      { title: "Services", entries: [{ title: "Flow", path: consolePlaces.settings, icon: SlidersHorizontal }] },
      { entries: [{ title: "Connections", path: consolePlaces.connections, icon: Cable }] },
    ],
  },
  {
    title: "Tools",
    parts: [
      {
        entries: [
          { title: "Account", path: consolePlaces.account, icon: CircleUser },
          { title: "Users", path: consolePlaces.users, icon: Users, least: "Administrator" },
          { title: "Audit", path: consolePlaces.audit, icon: ShieldCheck, least: "Administrator" },
        ],
      },
    ],
  },
];

/** What somebody of this role finds in the sidebar: nothing that would be refused. */
export function groupsFor(role: Role): Group[] {
  const may = ({ least }: Entry): boolean => least === undefined || atLeast(role, least);
  return groups.map(({ title, parts }) => ({
    title,
    parts: parts
      .map((one) => ({ ...one, entries: one.entries.filter(may) }))
      .filter(({ entries }) => entries.length > 0),
  }));
}

/** The view at an address, if somebody of this role may see it. */
export function entryAt(path: string, role: Role): Entry | undefined {
  return groupsFor(role)
    .flatMap(({ parts }) => parts.flatMap(({ entries }) => entries))
    .find((entry) => entry.path === path);
}
