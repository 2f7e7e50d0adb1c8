import type { InputDeclaration, JsonValue } from "../../generated/types";

/** What stands in each field: what was typed, else the declared default. */
export function asked(inputs: readonly InputDeclaration[], typed: Record<string, string>): Record<string, string> {
  return Object.fromEntries(inputs.map((input) => [input.name, typed[input.name] ?? defaultOf(input)]));
}

/** The names of the inputs that need a value and have none. A text may be empty. */
export function missing(inputs: readonly InputDeclaration[], values: Record<string, string>): string[] {
  return inputs
    .filter((input) => isRequired(input) && input.type !== "Text" && (values[input.name] ?? "") === "")
    .map(({ name }) => name);
}

/** The inputs as a request is given them. One that is left empty has its default. */
export function given(inputs: readonly InputDeclaration[], values: Record<string, string>): Record<string, JsonValue> {
  const found: Record<string, JsonValue> = {};
  for (const { name, type } of inputs) {
    const value = values[name] ?? "";
    if (type === "Text") found[name] = value;
    else if (value === "") continue;
    else if (type === "Boolean") found[name] = value === "true";
    else {
      // What is no number goes as it is: the server says what is wrong with it, at its place.
      const number = Number(value);
      found[name] = Number.isFinite(number) && (type === "Number" || Number.isSafeInteger(number)) ? number : value;
    }
  }
  return found;
}

/** Whether a request must give it. */
export function isRequired(input: InputDeclaration): boolean {
  return input.default === undefined || input.default === null;
}

function defaultOf(input: InputDeclaration): string {
  if (isRequired(input)) return input.type === "Boolean" ? "false" : "";
  return typeof input.default === "string" ? input.default : JSON.stringify(input.default);
}
