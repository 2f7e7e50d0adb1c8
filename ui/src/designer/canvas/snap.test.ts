import { describe, expect, it } from "vitest";
import { snapped } from "./snap";

const card = (x: number, y: number) => ({ x, y, width: 208, height: 56 });

describe("a dragged component", () => {
  it("goes to the grid where nothing is near", () => {
    const { position, guides } = snapped(card(101, 203), [card(900, 900)], 7);
    expect(position).toEqual({ x: 104, y: 200 });
    expect(guides).toEqual([]);
  });

  it("snaps to what it is nearly level with, and shows it", () => {
    const { position, guides } = snapped(card(406, 201), [card(400, 0)], 7);
    expect(position).toEqual({ x: 400, y: 200 });
    expect(guides.filter(({ way }) => way === "vertical").map(({ at }) => at)).toEqual([400, 504, 608]);
    expect(guides[0]).toMatchObject({ from: 0, to: 256 });
  });

  it("stays on the grid: it is not drawn to a middle that lies beside it", () => {
    const milestone = { x: 0, y: 0, width: 96, height: 92 };
    const { position } = snapped(card(400, 17), [milestone], 7);
    expect(position.y % 8).toBe(0);
  });

  it("is level with nothing when snapping is off", () => {
    expect(snapped(card(406, 201), [], 0).position).toEqual({ x: 408, y: 200 });
  });
});
