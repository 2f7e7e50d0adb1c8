import type { PullConflict } from "../../platform";

/** The parts of the bottom panel. */
export type PanelTab = "problems" | "run" | "history";

/** The dialogs; one at a time. */
export type OpenDialog =
  | { kind: "new-flow" }
  | { kind: "rename-flow"; flow: string }
  | { kind: "delete-flow"; flow: string }
  | { kind: "open-project" }
  | { kind: "new-project" }
  | { kind: "new-connection"; kinds?: string[]; then?: (name: string) => void }
  | { kind: "connection"; connection: string }
  | { kind: "delete-connection"; connection: string }
  | { kind: "commit" }
  | { kind: "pull-conflicts"; conflicts: PullConflict[] }
  | { kind: "sign-in"; cluster?: string }
  | { kind: "push-update" }
  | { kind: "tour" }
  | { kind: "shortcuts" }
  | { kind: "about" }
  | { kind: "insert-after"; component: string }
  | { kind: "insert-into"; component: string }
  | { kind: "move-into" }
  | { kind: "connect-to"; component: string }
  | { kind: "unsaved"; flows: string[]; then: () => void }
  | { kind: "changed-outside"; flow: string };

/** What the window itself shows: panels, dialogs, where the inspector shall put the keyboard. */
export class WindowState {
  panelOpen = $state(localStorage.getItem("cairn.panel.open") === "yes");
  panel = $state<PanelTab>("problems");
  dialog = $state.raw<OpenDialog | null>(null);
  /** Raised to move the keyboard into the inspector; to `property` if one is named. */
  inspect = $state.raw<{ property?: string; asked: number }>({ asked: 0 });

  showPanel(tab: PanelTab): void {
    this.panel = tab;
    this.#open(true);
  }

  togglePanel(): void {
    this.#open(!this.panelOpen);
  }

  focusInspector(property?: string): void {
    this.inspect = { ...(property ? { property } : {}), asked: this.inspect.asked + 1 };
  }

  open(dialog: OpenDialog): void {
    this.dialog = dialog;
  }

  close(): void {
    this.dialog = null;
  }

  #open(open: boolean): void {
    this.panelOpen = open;
    localStorage.setItem("cairn.panel.open", open ? "yes" : "no");
  }
}
