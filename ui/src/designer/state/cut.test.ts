import { expect, test } from "vitest";
import type { Edit, FlowChange, Link } from "../../platform";
import { cutBy } from "./cut";

const link = (from: string, to: string): Link => ({
  from: { component: from, port: "out" },
  to: { component: to, port: "in" },
});
const removing = (...removedLinks: Link[]): FlowChange => ({ patch: { removedLinks } }) as unknown as FlowChange;
const out: Edit = { edit: "setParent", positions: { map: { x: 0, y: 0 } } };

test("what moves out of a body says which links it lost", () => {
  expect(cutBy(out, removing(link("loop", "map"), link("map", "log")))).toHaveLength(2);
  expect(cutBy(out, removing())).toEqual([]);
});

test("links that were to be removed are not among them", () => {
  const onto: Edit = { edit: "batch", edits: [out, { edit: "disconnect", link: link("a", "b") }] };
  expect(cutBy(onto, removing(link("a", "b")))).toEqual([]);
  expect(cutBy({ edit: "removeComponent", id: "map" }, removing(link("a", "map")))).toEqual([]);
});
