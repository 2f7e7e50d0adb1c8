import type { FlowSummary } from "../../platform";

/** The flows of one folder of the tree; those directly in the project are in the folder without a name. */
export interface TreeFolder {
  name: string;
  flows: FlowSummary[];
}

/** The flows by folder, the project's own first. */
export function foldersOf(flows: readonly FlowSummary[]): TreeFolder[] {
  const folders = Map.groupBy(flows, ({ name }) => name.split("/").slice(0, -1).join("/"));
  return [...folders].map(([name, inside]) => ({ name, flows: inside })).sort((a, b) => a.name.localeCompare(b.name));
}
