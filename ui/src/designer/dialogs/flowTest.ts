type Members = Record<string, unknown>;

/** What of a test's file its form shows; undefined while the text is no JSON object. */
export function readTest(content: string): { flow: string; about: string } | undefined {
  const test = parsed(content);
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return test && { flow: text(test["flow"]), about: text(test["about"]) };
}

/** The file with one member set to a value, given as JSON; an empty text takes it out. What else stands there stays. */
export function changedTest(content: string, member: string, value: string): string {
  const test = parsed(content);
  if (!test) return content;
  const next: unknown = JSON.parse(value);
  // What a test is about stands first, for whoever reads the file.
  const others = Object.entries(test);
  const set = new Map<string, unknown>(member in test || member !== "about" ? others : [[member, next], ...others]);
  if (next === "") set.delete(member);
  else set.set(member, next);
  return `${JSON.stringify(Object.fromEntries(set), undefined, 2)}\n`;
}

function parsed(content: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}
