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

  it("snaps to the middle between two, and shows that the gaps are equal", () => {
    const { position, gaps } = snapped(card(286, 3), [card(0, 100), card(576, 0), card(0, 0)], 7);
    expect(position).toEqual({ x: 288, y: 0 });
    expect(gaps.filter(({ way }) => way === "horizontal")).toEqual([
      { way: "horizontal", from: 208, to: 288, at: 28 },
      { way: "horizontal", from: 496, to: 576, at: 28 },
    ]);
  });

  it("goes on with the distance that the ones before it have", () => {
    const { position, gaps } = snapped(card(3, 171), [card(0, 0), card(0, 88)], 7);
    expect(position).toEqual({ x: 0, y: 176 });
    expect(gaps).toHaveLength(2);
    expect(snapped(card(3, 190), [card(0, 0), card(0, 88)], 7).gaps).toEqual([]);
  });
});
