import { GRID } from "./geometry";
import type { Box } from "./snap";

/** A gap between two boxes that is as wide as another one: from one end to the other along its axis, at a place across it. */
export interface Gap {
  way: "vertical" | "horizontal";
  from: number;
  to: number;
  at: number;
}

/** A box along one axis: where it begins and ends; and across that. */
interface Span {
  from: number;
  to: number;
  low: number;
  high: number;
}

const spanOf = ({ x, y, width, height }: Box, way: Gap["way"]): Span =>
  way === "horizontal"
    ? { from: x, to: x + width, low: y, high: y + height }
    : { from: y, to: y + height, low: x, high: x + width };

/** The two boxes before a span and the two behind it that stand in its row, the nearest first. */
function neighbours(own: Span, others: readonly Span[]): { before: Span[]; behind: Span[] } {
  const row = others.filter(({ low, high }) => low < own.high && high > own.low);
  const middle = (own.from + own.to) / 2;
  const side = (one: Span): number => (one.from + one.to) / 2 - middle;
  const before = row.filter((one) => side(one) < 0).sort((a, b) => b.to - a.to);
  const behind = row.filter((one) => side(one) > 0).sort((a, b) => a.from - b.from);
  return { before: before.slice(0, 2), behind: behind.slice(0, 2) };
}

/**
 * Where a dragged box begins so that it stands as far from its neighbours as these do from each other, or in the middle between
 * them: the nearest such place that is within reach and on the grid.
 */
export function evenly(box: Box, others: readonly Box[], way: Gap["way"], reach: number): number | undefined {
  const own = spanOf(box, way);
  const size = own.to - own.from;
  const spans = others.map((other) => spanOf(other, way));
  const { before, behind } = neighbours(own, spans);
  const [left, further] = before;
  const [right, beyond] = behind;
  const places = [
    left && right ? (left.to + right.from - size) / 2 : undefined,
    left && further && left.from > further.to ? left.to + (left.from - further.to) : undefined,
    right && beyond && beyond.from > right.to ? right.from - (beyond.from - right.to) - size : undefined,
  ];
  const near = places.filter((at) => at !== undefined && at % GRID === 0 && Math.abs(at - own.from) < reach);
  return near.sort((a, b) => Math.abs((a ?? 0) - own.from) - Math.abs((b ?? 0) - own.from))[0];
}

/** The gaps around a box that are equal to each other, to be shown. */
export function equalGaps(box: Box, others: readonly Box[], way: Gap["way"]): Gap[] {
  const own = spanOf(box, way);
  const spans = others.map((other) => spanOf(other, way));
  const { before, behind } = neighbours(own, spans);
  const chain = [...before.toReversed(), own, ...behind];
  const gaps = chain.slice(1).flatMap((span, index) => {
    const last = chain[index];
    if (!last || span.from <= last.to) return [];
    const touches = span === own || last === own;
    const at = (Math.max(span.low, last.low) + Math.min(span.high, last.high)) / 2;
    return [{ touches, gap: { way, from: last.to, to: span.from, at } }];
  });
  const width = ({ gap }: (typeof gaps)[number]): number => gap.to - gap.from;
  const beside = gaps.filter(({ touches }) => touches).map(width);
  const equal = gaps.filter((one) => beside.includes(width(one)));
  const several = equal.filter((one) => equal.filter((other) => width(other) === width(one)).length > 1);
  return several.map(({ gap }) => gap);
}
