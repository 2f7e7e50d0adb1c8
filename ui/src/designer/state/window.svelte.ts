import type { LeftChanges, Link, PullConflict, RunEffect, TestDraft, TextPlace } from "../../platform";
import { recall, remember } from "../../shared/memory";

/** The parts of the bottom panel. */
export type PanelTab = "problems" | "run" | "streams" | "tests" | "history";

/** The dialogs; one at a time. */
export type OpenDialog =
  | { kind: "new-flow" }
  | { kind: "rename-flow"; flow: string }
  | { kind: "delete-flow"; flow: string }
  | { kind: "open-project" }
  | { kind: "new-project" }
  | { kind: "new-from-sample"; sample?: string }
  | { kind: "new-connection"; kinds?: string[]; then?: (name: string) => void }
  | { kind: "connection"; connection: string }
  | { kind: "delete-connection"; connection: string }
  | { kind: "new-trigger"; flow?: string }
  | { kind: "trigger"; trigger: string }
  | { kind: "delete-trigger"; trigger: string }
  | { kind: "new-calendar" }
  | { kind: "calendar"; calendar: string }
  | { kind: "delete-calendar"; calendar: string }
  | { kind: "commit" }
  | { kind: "pull-conflicts"; conflicts: PullConflict[] }
  | { kind: "sign-in"; cluster?: string }
  | { kind: "push-update" }
  | { kind: "tour" }
  | { kind: "commands" }
  | { kind: "quick-open" }
  | { kind: "search" }
  | { kind: "settings" }
  | { kind: "shortcuts" }
  | { kind: "about" }
  | { kind: "insert-after"; component: string }
  | { kind: "insert-into"; component: string }
  | { kind: "move-into" }
  | { kind: "connect-to"; component: string; instead?: Link }
  | { kind: "run-effects"; flow: string; to?: string | undefined; effects: RunEffect[] }
  | { kind: "flow-test"; name?: string; draft?: TestDraft }
  | { kind: "delete-test"; test: string }
  | { kind: "unsaved"; flows: string[]; then: () => void }
  | { kind: "changed-outside"; flow: string }
  | { kind: "solve"; flow: string }
  | { kind: "left-changes"; left: LeftChanges[] }
  | { kind: "save-as"; reason?: string; flow?: string }
  | { kind: "branches" }
  | { kind: "clone"; url?: string; path?: string; again?: boolean }
  | { kind: "remote" }
  | { kind: "credential"; url: string; asked?: string; then?: () => void }
  | { kind: "cluster-mark"; cluster: string };

/** What the window itself shows: panels, dialogs, where the inspector shall put the keyboard. */
export class WindowState {
  panelOpen = $state(recall("panel.open") === "yes");
  panel = $state<PanelTab>("problems");
  dialog = $state.raw<OpenDialog | null>(null);
  /** Raised to move the keyboard into the inspector; to `property` if one is named. */
  inspect = $state.raw<{ property?: string; text?: TextPlace | undefined; asked: number }>({ asked: 0 });

  showPanel(tab: PanelTab): void {
    this.panel = tab;
    this.#open(true);
  }

  togglePanel(): void {
    this.#open(!this.panelOpen);
  }

  focusInspector(property?: string, text?: TextPlace): void {
    this.inspect = { ...(property ? { property } : {}), text, asked: this.inspect.asked + 1 };
  }

  open(dialog: OpenDialog): void {
    this.dialog = dialog;
  }

  close(): void {
    this.dialog = null;
  }

  #open(open: boolean): void {
    this.panelOpen = open;
    remember("panel.open", open ? "yes" : "no");
  }
}
