import type { Flow, JsonValue } from "../../platform";

/** An input that a flow declares. */
export interface FlowInput {
  name: string;
  type: string;
  /** The value when none is given; undefined for an input that is required. */
  fallback: JsonValue | undefined;
}

/** The inputs that a flow declares, in their order. */
export function inputsOf(flow: Flow): FlowInput[] {
  const start = Object.values(flow.components).find(({ type }) => type === "Start");
  const declared: unknown = start?.properties["Inputs"];
  if (!Array.isArray(declared)) return [];
  return declared.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { name, type, default: fallback } = entry as Record<string, JsonValue | undefined>;
    if (typeof name !== "string" || name === "") return [];
    return [{ name, type: typeof type === "string" ? type : "Text", fallback: fallback ?? undefined }];
  });
}

/** What is wrong with a value for an input; undefined for nothing. */
export function wrongInput({ type, fallback }: FlowInput, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return fallback === undefined ? "This input is required." : undefined;
  if (type === "Integer" && !Number.isInteger(value))
    return /^\s*[-+]?\d+\s*$/.test(String(value))
      ? "At most 15 digits can be given here."
      : "A whole number is needed.";
  if (type === "Number" && typeof value !== "number") return "A number is needed.";
  return undefined;
}
