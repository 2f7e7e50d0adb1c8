import type { Component, ComponentDescription, Diagnostic, PropertyDescription } from "../../platform";

/** What every editor of a property is given. */
export interface EditorProps<T> {
  /** Identity of the control, which the label names. */
  id: string;
  label: string;
  value: T;
  invalid: boolean;
  /** Identities of the help text and the problems. */
  describedBy: string;
  /** Null goes back to the default. */
  onchange: (value: T | null, gesture?: string) => Promise<unknown>;
}

/** A value as text; what is not set is empty. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value as a list of records; anything else is an empty list. */
export function asRecords(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is Record<string, unknown> => typeof entry === "object" && entry !== null);
}

/** A value as a list of texts. */
export function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

/** Whether a property has any effect, given the other properties of its component. */
export function matters(
  property: PropertyDescription,
  component: Component,
  description: ComponentDescription | undefined,
): boolean {
  return property.shownWhen.every((condition) => {
    const other = description?.properties.find(({ name }) => name === condition.property);
    return condition.values.includes(component.properties[condition.property] ?? other?.default);
  });
}

/** The problems of one property among those of its component. */
export function problemsOf(property: PropertyDescription, problems: readonly Diagnostic[]): Diagnostic[] {
  return problems.filter(({ place }) => place.property?.split(/[.[]/, 1)[0] === property.name);
}

/** The default of a property as a person reads it; empty where it has none worth saying. */
export function defaultInWords({ kind, default: value }: PropertyDescription): string {
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return "";
  if (kind.kind === "choice") return kind.choices.find((choice) => choice.value === value)?.title ?? asText(value);
  if (kind.kind === "boolean") return value === true ? "on" : "off";
  if (kind.kind === "seconds") return `${asText(value)} s`;
  return asText(value);
}

/** What of the problems of a list is about one of its entries, and there about one member. */
export function problemsOfEntry(problems: readonly Diagnostic[], entry: number, member?: string): Diagnostic[] {
  return problems.filter(
    ({ place: { text } }) =>
      text?.entry === entry && (member === undefined || text.member === undefined || text.member === member),
  );
}

/** The properties that all of the given types have, in the order of the first: those of the same name and kind. */
export function commonProperties(descriptions: readonly ComponentDescription[]): PropertyDescription[] {
  const [first, ...others] = descriptions;
  const isSame = (one: PropertyDescription, other: PropertyDescription): boolean =>
    one.name === other.name && JSON.stringify(one.kind) === JSON.stringify(other.kind);
  return (first?.properties ?? []).filter((one) =>
    others.every(({ properties }) => properties.some((other) => isSame(one, other))),
  );
}
