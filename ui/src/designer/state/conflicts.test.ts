import { describe, expect, it } from "vitest";
import { conflictsOf } from "./conflicts";

const action = (name: "run" | "save" | "copy", ...shortcuts: string[]) =>
  ({ name, label: name, where: "window", shortcuts }) as const;

describe("shortcuts", () => {
  it("conflict where two actions have the same", () => {
    const conflicts = conflictsOf([action("run", "F5", "Ctrl+S"), action("save", "Ctrl+S"), action("copy", "Ctrl+C")]);
    expect([...conflicts.keys()]).toEqual(["run", "save"]);
    expect(conflicts.get("run")?.map(({ name }) => name)).toEqual(["save"]);
  });
});
