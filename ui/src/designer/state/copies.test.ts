import { describe, expect, it } from "vitest";
import type { ComponentView, Flow } from "../../platform";
import { copied, copiesOf } from "./copies";
import { guessed } from "./guess";
import { linkId } from "./patch";

const component = (type: string, name: string, parent?: string) => ({
  type,
  name,
  properties: {},
  ...(parent ? { parent } : {}),
});
const link = (from: string, to: string) => ({
  from: { component: from, port: "out" },
  to: { component: to, port: "in" },
});
const view = (line: string): ComponentView => ({
  ports: { inlets: [], outlets: [], bodyInlets: [], bodyOutlets: [] } as unknown as ComponentView["ports"],
  line,
  settles: false,
  unprotected: false,
  sets: [],
});
const flow: Flow = {
  description: "",
  components: {
    start: component("Start", "Start"),
    loop: component("ForEach", "Each"),
    inner: component("Mapper", "Inner", "loop"),
    end: component("End", "End"),
  },
  links: [link("start", "loop"), link("loop", "inner"), link("loop", "end")],
  groups: {
    both: { title: "Both", note: "", members: ["loop", "end"] },
    note: { title: "", note: "Read me", members: [], area: { x: 100, y: 60, width: 80, height: 40 } },
  },
  layout: { start: { x: 0, y: 0 }, loop: { x: 200, y: 40 }, inner: { x: 24, y: 80 }, end: { x: 600, y: 20 } },
};
const views = Object.fromEntries(Object.keys(flow.components).map((id) => [id, view(id)]));

/** What becomes of the flow when a part of it is copied to a spot of it. */
function after(components: string[], groups: string[], spot: Parameters<typeof copiesOf>[2]) {
  const copies = copiesOf(copied(flow, views, { components, groups }), flow, spot);
  if (!copies) return undefined;
  const document = guessed(flow, copies.edit, copies.views);
  if (!document) throw new Error("what copying does is plain");
  const made = Object.entries(document.components).filter(([id]) => !(id in flow.components));
  const known = new Set(flow.links.map(linkId));
  return {
    ...copies,
    document,
    ids: Object.fromEntries(made.map(([id, { name }]) => [name, id])),
    places: Object.fromEntries(made.map(([id, { name }]) => [name, document.layout[id]])),
    links: document.links.filter((one) => !known.has(linkId(one))),
    groups: Object.entries(document.groups).filter(([id]) => !(id in flow.groups)),
  };
}

describe("a copy", () => {
  it("has new ids and free names, and looks like what it is a copy of", () => {
    const made = after(["end"], [], { position: { x: 632, y: 52 } });
    const id = made?.ids["End 2"] ?? "";
    expect(id).toMatch(/^end-[a-km-np-z2-9]{6}$/);
    expect(made?.document.layout[id]).toEqual({ x: 632, y: 52 });
    expect(made?.views[id]).toBe(views["end"]);
    expect(made?.outermost).toEqual({ components: [id], groups: [] });
  });

  it("comes with what is in a body, the links between, and the group that is whole", () => {
    const made = after(["loop", "end"], [], { position: { x: 0, y: 400 } });
    const { "Each 2": loop = "", "Inner 2": inner = "", "End 2": end = "" } = made?.ids ?? {};
    expect(made?.places).toEqual({
      "Each 2": { x: 0, y: 420 },
      "Inner 2": { x: 24, y: 80 },
      "End 2": { x: 400, y: 400 },
    });
    expect(made?.document.components[inner]?.parent).toBe(loop);
    expect(made?.links.map(linkId)).toEqual([link(loop, inner), link(loop, end)].map(linkId));
    expect(made?.groups.map(([, { title, members }]) => [title, members])).toEqual([["Both", [loop, end]]]);
    expect(made?.outermost.components).toEqual([loop, end]);
  });

  it("stands where it is put when it comes out of a body or goes into one", () => {
    expect(after(["inner"], [], { position: { x: 8, y: 8 } })?.places).toEqual({ "Inner 2": { x: 8, y: 8 } });
    const into = after(["end"], ["note"], { parent: "loop", position: { x: 100, y: 120 } });
    const id = into?.ids["End 2"] ?? "";
    expect(into?.document.components[id]?.parent).toBe("loop");
    expect(into?.document.layout[id]).toEqual({ x: 600, y: 120 });
    // Notes lie on the canvas, not in bodies.
    expect(into?.groups[0]?.[1].area).toEqual({ x: 300, y: 200, width: 80, height: 40 });
  });

  it("leaves out a second start component, and is nothing without it", () => {
    expect(after(["start"], [], { position: { x: 0, y: 0 } })).toBeUndefined();
    const copies = copiesOf(
      copied(flow, views, { components: ["start"], groups: [] }),
      { ...flow, components: {} },
      {
        position: { x: 0, y: 0 },
      },
    );
    expect(copies?.outermost.components).toHaveLength(1);
  });
});
