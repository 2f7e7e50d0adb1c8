import { recall, remember } from "../../shared/memory";

/** Which bodies of a flow are folded away. How a flow is looked at is no part of it, so the window keeps it. */
export function rememberedFolds(flow: string): string[] {
  try {
    const ids: unknown = JSON.parse(recall(placeOf(flow)) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

export function rememberFolds(flow: string, folded: ReadonlySet<string>): void {
  remember(placeOf(flow), JSON.stringify([...folded]));
}

const placeOf = (flow: string): string => `folded.${flow}`;
