import { describe, expect, it } from "vitest";
import type { ComponentView, Flow } from "../../platform";
import { guessed, NEW } from "./guess";

const component = (parent?: string) => ({ type: "Mapper", name: "One", properties: {}, ...(parent ? { parent } : {}) });
const link = (from: string, to: string) => ({
  from: { component: from, port: "out" },
  to: { component: to, port: "in" },
});
const flow: Flow = {
  description: "",
  components: { a: component(), loop: component(), inner: component("loop"), z: component() },
  links: [link("a", "loop"), link("loop", "inner"), link("loop", "z")],
  groups: {},
  layout: { a: { x: 0, y: 0 }, loop: { x: 8, y: 0 }, inner: { x: 0, y: 0 }, z: { x: 16, y: 0 } },
};

describe("what an edit will do", () => {
  it("takes out what is in the body of a removed component, and their links", () => {
    const after = guessed(flow, { edit: "removeComponent", id: "loop" });
    expect(Object.keys(after?.components ?? {})).toEqual(["a", "z"]);
    expect(after?.links).toEqual([]);
    expect(Object.keys(after?.layout ?? {})).toEqual(["a", "z"]);
  });

  it("does one edit after the other", () => {
    const edits = [
      { edit: "disconnect" as const, link: link("a", "loop") },
      { edit: "move" as const, id: "a", position: { x: 40, y: 8 } },
    ];
    const after = guessed(flow, { edit: "batch", edits });
    expect(after?.links).toEqual([link("loop", "inner"), link("loop", "z")]);
    expect(after?.layout["a"]).toEqual({ x: 40, y: 8 });
    expect(after?.components["a"]).toBe(flow.components["a"]);
  });

  it("puts in a component whose view is known, with its links", () => {
    const edits = [
      { edit: "addComponent" as const, id: "new", component: component("loop"), position: { x: 8, y: 8 } },
      { edit: "connect" as const, link: link("inner", "new") },
    ];
    const view = { ...NEW, ports: { inlets: [], outlets: [] } as unknown as ComponentView["ports"] };
    const after = guessed(flow, { edit: "batch", edits }, { new: view });
    expect(after?.components["new"]).toEqual(component("loop"));
    expect(after?.layout["new"]).toEqual({ x: 8, y: 8 });
    expect(after?.links).toEqual([...flow.links, link("inner", "new")]);
    expect(guessed(flow, { edit: "batch", edits })).toBeUndefined();
  });

  it("leaves to the host what it cannot know", () => {
    expect(guessed(flow, { edit: "rename", id: "a", name: "Other" })).toBeUndefined();
    const grouped = { ...flow, groups: { g: { title: "", note: "", members: ["a"] } } };
    expect(guessed(grouped, { edit: "removeComponent", id: "a" })).toBeUndefined();
  });
});
