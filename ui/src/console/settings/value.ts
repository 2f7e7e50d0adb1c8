import type { Setting } from "../../generated/types";
import { bytes } from "../../shared/size";
import { count, counted } from "../../shared/time";

/** What stands in the field of a setting: its value as text. */
export function fieldOf({ value }: Pick<Setting, "value">): string {
  return value === null || value === undefined ? "" : String(value);
}

/**
 * The value that a field's text stands for, or what is wrong with it. Where there is no limit by default, nothing means
 * none again.
 */
export function valueOf(
  { kind, default: usual }: Pick<Setting, "kind" | "default">,
  text: string,
): { value: unknown } | { wrong: string } {
  const trimmed = text.trim();
  if (kind === "text") return trimmed === "" ? { wrong: "It cannot be empty." } : { value: trimmed };
  if (kind === "flag") return { value: trimmed === "true" };
  if (trimmed === "" && usual === null) return { value: null };
  if (!/^\d+$/.test(trimmed)) return { wrong: "A whole number, 0 or more." };
  const number = Number(trimmed);
  return Number.isSafeInteger(number) ? { value: number } : { wrong: "This number is too large." };
}

/** A value in words: `30 days`, `no limit`, `on`. */
export function inWords({ value, kind, unit }: Pick<Setting, "value" | "kind" | "unit">): string {
  if (value === null || value === undefined) return kind === "number" ? "no limit" : "not set";
  if (kind === "flag") return value === true ? "on" : "off";
  if (value === "") return "not set";
  if (typeof value !== "number") return String(value);
  if (unit === "bytes" && value >= 1000) return bytes(value);
  return unit ? counted(value, unit.replace(/s$/, ""), unit) : count(value);
}
