import { platform } from "../../../platform";
import { designer } from "../designer.svelte";
import { hasProject, isVersioned, type Action } from "./action";

/** Version control. */
export const versions = {
  commit: {
    label: "Commit…",
    keys: "Ctrl+K",
    can: isVersioned,
    do: () => designer.window.open({ kind: "commit" }),
  },
  pull: { label: "Pull", can: () => !!designer.versions.status?.remote, do: pull },
  push: { label: "Push", can: () => !!designer.versions.status?.remote, do: () => designer.versions.push() },
  branches: { label: "Git branches…", can: isVersioned, do: () => designer.window.open({ kind: "branches" }) },
  history: { label: "History", can: isVersioned, do: () => designer.window.showPanel("history") },
  "set-remote": { label: "Remote repository…", can: isVersioned, do: () => designer.window.open({ kind: "remote" }) },
  credentials: {
    label: "Git credentials…",
    do: () => designer.window.open({ kind: "credential", url: designer.versions.status?.remote ?? "" }),
  },
  clone: { label: "Clone a repository…", do: () => designer.window.open({ kind: "clone" }) },
  "begin-git": { label: "Put the project under git", can: () => hasProject() && !isVersioned(), do: begin },
} satisfies Record<string, Action>;

/** Pulls, and asks whose changes count where both sides changed the same. */
async function pull(): Promise<void> {
  const conflicts = await designer.versions.pull();
  if (conflicts.length > 0) designer.window.open({ kind: "pull-conflicts", conflicts });
}

async function begin(): Promise<void> {
  await platform.call("vcs_init", {}).catch((thrown: unknown) => designer.fail("Git", thrown));
  await designer.versions.refresh();
}
