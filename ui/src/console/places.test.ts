import { describe, expect, it } from "vitest";
import { consolePlaces, entryAt, groupsFor } from "./places";

const titles = (role: Parameters<typeof groupsFor>[0]): string[] =>
  groupsFor(role).flatMap(({ parts }) => parts.flatMap(({ entries }) => entries.map(({ title }) => title)));

describe("the sidebar", () => {
  it("offers nothing that the role may not see", () => {
    expect(titles("Viewer")).not.toContain("Users");
    expect(titles("Viewer")).not.toContain("Audit");
    expect(titles("Administrator")).toEqual([
      "Server List",
      "Status List",
      "Triggers",
      "Metrics",
      "Version Control",
      "Log",
      "Flow",
      "Connections",
      "Account",
      "Users",
      "Audit",
    ]);
  });

  it("knows no view at an address that the role may not see", () => {
    expect(entryAt(consolePlaces.users, "Author")).toBeUndefined();
    expect(entryAt(consolePlaces.users, "Administrator")?.title).toBe("Users");
  });
});
