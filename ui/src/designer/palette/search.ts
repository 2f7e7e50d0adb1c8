import type { ComponentDescription, Family } from "../../platform";

/** The families in the order of the palette, with their names. */
export const families: readonly { family: Family; title: string }[] = [
  { family: "control", title: "Control" },
  { family: "checkpoint", title: "Checkpoint" },
  { family: "file", title: "Files" },
  { family: "transform", title: "Transform" },
  { family: "database", title: "Databases" },
  { family: "network", title: "Network" },
];

/** The component types that fit what was typed: those whose name begins with it first, then the others. */
export function matching(all: readonly ComponentDescription[], typed: string): ComponentDescription[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...all];
  const text = ({ title, kind, summary }: ComponentDescription): string => `${title} ${kind} ${summary}`.toLowerCase();
  const rank = ({ title }: ComponentDescription): number => {
    const name = title.toLowerCase();
    return name.startsWith(words[0] ?? "") ? 0 : name.includes(words[0] ?? "") ? 1 : 2;
  };
  return all.filter((one) => words.every((word) => text(one).includes(word))).sort((a, b) => rank(a) - rank(b));
}
