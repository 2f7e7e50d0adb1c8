import { describe, expect, it } from "vitest";
import type { Flow } from "../../platform";
import { keeping, keptIn } from "./patch";

const component = (name: string) => ({ type: "Mapper", name, properties: {} });
const link = (from: string, to: string) => ({
  from: { component: from, port: "out" },
  to: { component: to, port: "in" },
});
const flow = (): Flow => ({
  description: "",
  components: { a: component("A"), b: component("B") },
  links: [link("a", "b")],
  groups: {},
  layout: { a: { x: 0, y: 0 }, b: { x: 8, y: 0 } },
});

describe("what the host answers", () => {
  it("leaves what is shown as it is where that is the same", () => {
    const shown = flow();
    expect(keeping(shown, flow())).toBe(shown);
  });

  it("changes nothing but what is different", () => {
    const shown = flow();
    const truth = flow();
    truth.components["b"] = component("Other");
    const kept = keeping(shown, truth);
    expect(kept).toEqual(truth);
    expect(kept.components["a"]).toBe(shown.components["a"]);
    expect(kept.links).toBe(shown.links);
    expect(kept.layout).toBe(shown.layout);
  });

  it("takes links out that are shown but not there", () => {
    const shown = flow();
    const truth = { ...shown, links: [] };
    expect(keeping(shown, truth).links).toEqual([]);
    expect(keeping(truth, shown).links).toEqual(shown.links);
    const other = { ...shown, links: [link("b", "a")] };
    expect(keeping(shown, other).links).toEqual(other.links);
  });

  it("takes out of a record what is gone", () => {
    expect(keptIn({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  });
});
