import { CallError, platform, type Diagnostic, type FlowProblems, type Severity } from "../../platform";
import { recall, remember } from "../../shared/memory";

const SCOPE = "problems.scope";

/** What the Problems panel shows: of the flow in sight or of all flows, and how serious ones. */
export class Problems {
  scope = $state<"flow" | "project">(recall(SCOPE) === "project" ? "project" : "flow");
  hidden = $state.raw<ReadonlySet<Severity>>(new Set());
  /** The problems of all flows, as they were when they were last asked for. */
  ofProject = $state.raw<FlowProblems[]>([]);
  asking = $state(false);
  failure = $state<string | null>(null);

  showScope(scope: "flow" | "project"): void {
    this.scope = scope;
    remember(SCOPE, scope);
  }

  toggle(severity: Severity): void {
    const next = new Set(this.hidden);
    if (!next.delete(severity)) next.add(severity);
    this.hidden = next;
  }

  /** Asks for the problems of all flows anew. */
  async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.ofProject = await platform.call("project_problems", {});
      this.failure = null;
    } catch (thrown) {
      this.failure = CallError.from(thrown).message;
    } finally {
      this.asking = false;
    }
  }
}

/** How many there are of each severity. */
export function countsOf(problems: readonly Diagnostic[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, hint: 0 };
  for (const { severity } of problems) counts[severity] += 1;
  return counts;
}
