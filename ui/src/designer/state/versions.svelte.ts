import {
  CallError,
  platform,
  type Author,
  type CloneProgress,
  type Commit,
  type FileChange,
  type FlowWords,
  type PullConflict,
  type Side,
  type VcsView,
} from "../../platform";
import { counted } from "../../shared/time";
import { toasts } from "../../shared/toasts.svelte";
import { shortVersion } from "../../shared/version";
import { toldTogether } from "./neverLost";

/** Version control of the open project. */
export class Versions {
  /** Null while the project is not under git, or none is open. */
  status = $state.raw<VcsView | null>(null);
  log = $state.raw<Commit[]>([]);
  busy = $state<"pull" | "push" | "commit" | null>(null);
  /** How far the clone that goes on has come. */
  cloning = $state.raw<CloneProgress | null>(null);
  /** Asks who the author is when the host of the remote does not let them in. */
  askWho: (error: CallError, again: () => void) => void = () => undefined;

  /** How each flow differs from the last commit, if it does. */
  readonly changedFlows = $derived(
    new Map(this.status?.changed.flatMap(({ flow, change }) => (flow === null ? [] : [[flow, change] as const]))),
  );

  /** The git branch that is worked on; the commit, where there is none. */
  readonly branch = $derived(this.status?.branch ?? shortVersion(this.status?.head?.id) ?? "none");

  async refresh(): Promise<void> {
    this.status = await platform.call("vcs_status", {}).catch(() => null);
    this.log = this.status ? await platform.call("vcs_log", { limit: 200 }).catch(() => []) : [];
  }

  /** What changed in the files since the last commit, in words. */
  async changes(): Promise<FlowWords[]> {
    return platform.call("vcs_changes", {}).catch(() => []);
  }

  /** Commits the given files; answers the error, if there was one. */
  async commit(message: string, paths: string[], author?: Author): Promise<CallError | undefined> {
    this.busy = "commit";
    try {
      const commit = await platform.call("vcs_commit", { message, paths, ...(author ? { author } : {}) });
      toasts.ok("Committed", `${shortVersion(commit.id)} ${firstLine(commit.message)}`);
      return undefined;
    } catch (thrown) {
      return CallError.from(thrown);
    } finally {
      this.busy = null;
      await this.refresh();
    }
  }

  /**
   * Pulls; `keep` says whose changes count where both sides changed the same, by the files' paths. Answers the files
   * for which that is still to be said.
   */
  async pull(keep: Record<string, Record<string, Side>> = {}): Promise<PullConflict[]> {
    let open: PullConflict[] = [];
    await this.#do(
      "pull",
      "Pull",
      () => void this.pull(keep),
      async () => {
        const pulled = await toldTogether(() => platform.call("vcs_pull", { keep }));
        const { from, to, conflicts } = pulled.answer;
        open = conflicts;
        if (conflicts.length > 0) return;
        if (from === to) toasts.info("Nothing new to pull");
        else toasts.ok("Pulled", `The working copy is at ${shortVersion(to)} now. ${pulled.changed}`);
      },
    );
    return open;
  }

  push(): Promise<void> {
    return this.#do(
      "push",
      "Push",
      () => void this.push(),
      async () => {
        const ahead = this.status?.ahead ?? 0;
        this.status = await platform.call("vcs_push", {});
        toasts.ok("Pushed", counted(ahead, "commit"));
      },
    );
  }

  async #do(what: "pull" | "push", title: string, again: () => void, work: () => Promise<void>): Promise<void> {
    this.busy = what;
    try {
      await work();
    } catch (thrown) {
      const error = CallError.from(thrown);
      if (error.code === "vcs/auth") this.askWho(error, again);
      else toasts.error(`${title} failed`, error.message);
    } finally {
      this.busy = null;
      await this.refresh();
    }
  }
}

/** The subject of a commit. */
export function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}

/** How a changed file is marked, as git has it. */
export const changeLetters: Record<FileChange, string> = {
  added: "A",
  modified: "M",
  deleted: "D",
  conflicted: "!",
};
