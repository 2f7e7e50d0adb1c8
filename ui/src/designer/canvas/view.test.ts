import { describe, expect, it } from "vitest";
import { viewKept, viewOn } from "./view";

const window = { width: 1000, height: 600 };
const note = (x: number, y: number) => ({ x, y, width: 240, height: 128 });

describe("bringing something into view", () => {
  it("leaves the view where it is in sight", () => {
    expect(viewOn(note(48, 48), { x: 0, y: 0, zoom: 1 }, window)).toBeUndefined();
    expect(viewOn(note(712, 424), { x: 0, y: 0, zoom: 1 }, window)).toBeUndefined();
  });

  it("moves the view only as far as that takes", () => {
    expect(viewOn(note(900, 100), { x: 0, y: 0, zoom: 1 }, window)).toEqual({ x: -188, y: 0, zoom: 1 });
    expect(viewOn(note(-100, 500), { x: 10, y: 0, zoom: 1 }, window)).toEqual({ x: 148, y: -76, zoom: 1 });
  });

  it("measures as large as it is drawn", () => {
    expect(viewOn(note(1400, 100), { x: 0, y: 0, zoom: 0.5 }, window)).toBeUndefined();
    expect(viewOn(note(400, 100), { x: 0, y: 0, zoom: 2 }, window)).toEqual({ x: -328, y: 0, zoom: 2 });
  });

  it("shows the beginning of what is too large", () => {
    const frame = { x: 500, y: -400, width: 2000, height: 1000 };
    expect(viewOn(frame, { x: 0, y: 0, zoom: 1 }, window)).toEqual({ x: -452, y: 448, zoom: 1 });
  });
});

describe("a window of another size", () => {
  const view = { x: 100, y: 50, zoom: 0.5 };

  it("has the same in its middle", () => {
    expect(viewKept(view, window, { width: 700, height: 400 }, undefined)).toEqual({ x: -50, y: -50, zoom: 0.5 });
    expect(viewKept(view, window, { width: 1200, height: 600 }, undefined)).toEqual({ x: 200, y: 50, zoom: 0.5 });
  });

  it("keeps what is chosen in sight", () => {
    const now = { width: 1000, height: 300 };
    const atTheTop = note(300, 100);
    expect(viewKept(view, window, now, atTheTop)).toEqual({ x: 100, y: -2, zoom: 0.5 });
    const atTheFoot = note(300, 900);
    expect(viewKept(view, window, now, atTheFoot)).toEqual({ x: 100, y: -262, zoom: 0.5 });
  });

  it("leaves what was out of sight there", () => {
    const now = { width: 1000, height: 300 };
    expect(viewKept(view, window, now, note(5000, 100))).toEqual({ x: 100, y: -100, zoom: 0.5 });
  });
});
