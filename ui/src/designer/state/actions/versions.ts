import { designer } from "../designer.svelte";
import { isVersioned, type Action } from "./action";

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
  history: { label: "History", can: isVersioned, do: () => designer.window.showPanel("history") },
} satisfies Record<string, Action>;

/** Pulls, and asks whose changes count where both sides changed the same. */
async function pull(): Promise<void> {
  const conflicts = await designer.versions.pull();
  if (conflicts.length > 0) designer.window.open({ kind: "pull-conflicts", conflicts });
}
