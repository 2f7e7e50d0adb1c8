import { describe, expect, it } from "vitest";
import { Steps, type Look } from "./steps";

const look = (description: string): Look => ({
  document: { description, components: {}, links: [], groups: {}, layout: {} },
  views: {},
  shape: [],
});

describe("the steps made here", () => {
  it("are gone back and forth", () => {
    const steps = new Steps();
    steps.made(0, 1, look("a"));
    steps.made(1, 2, look("b"));
    expect(steps.before(2)?.document.description).toBe("b");
    steps.undone(2, 3, look("c"));
    expect(steps.before(3)?.document.description).toBe("a");
    expect(steps.after(3)?.document.description).toBe("c");
    steps.redone(3, 4, look("b"));
    expect(steps.before(4)?.document.description).toBe("b");
    expect(steps.after(4)).toBeUndefined();
  });

  it("are not known when something else changed the flow", () => {
    const steps = new Steps();
    steps.made(0, 1, look("a"));
    expect(steps.before(2)).toBeUndefined();
    steps.made(2, 3, look("b"));
    expect(steps.before(3)?.document.description).toBe("b");
    steps.undone(3, 4, look("c"));
    expect(steps.before(4)).toBeUndefined();
  });

  it("leave out an edit that changed nothing", () => {
    const steps = new Steps();
    steps.made(0, 1, look("a"));
    steps.made(1, 1, look("b"));
    expect(steps.before(1)?.document.description).toBe("a");
  });

  it("cannot be done again after another one", () => {
    const steps = new Steps();
    steps.made(0, 1, look("a"));
    steps.undone(1, 2, look("b"));
    steps.made(2, 3, look("a"));
    expect(steps.after(3)).toBeUndefined();
  });
});
