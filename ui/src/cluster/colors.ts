import type { ClusterColor } from "../generated/types";

/** The colours to tell clusters by. */
export const clusterColors: readonly { name: ClusterColor; title: string; value: string }[] = [
  { name: "gray", title: "Gray", value: "var(--ink-ghost)" },
  { name: "blue", title: "Blue", value: "var(--family-file)" },
  { name: "green", title: "Green", value: "var(--family-checkpoint)" },
  { name: "yellow", title: "Yellow", value: "var(--warning)" },
  { name: "orange", title: "Orange", value: "var(--family-database)" },
  { name: "red", title: "Red", value: "var(--danger)" },
  { name: "violet", title: "Violet", value: "var(--family-transform)" },
];

/** A cluster's colour, as CSS has it. */
export function colorOf(color: ClusterColor): string | undefined {
  return clusterColors.find(({ name }) => name === color)?.value;
}
