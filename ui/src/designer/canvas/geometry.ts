import type { ComponentDescription, ComponentView, PortDescription, Position as Place } from "../../platform";

/** Sizes of what is drawn on the canvas, in canvas units. The cards' styles follow them. */
export const GRID = 8;
export const CARD_WIDTH = 208;
export const CARD_HEIGHT = 56;
export const MILESTONE_WIDTH = 96;
export const MILESTONE_HEIGHT = 92;
/** Height of a row of the list that a card with several outlets has. */
export const OUTLET_HEIGHT = 24;
/** How far below a card's top the inlet and the first outlet are. */
export const PORT_Y = 28;
/** Distance between columns and rows where components are placed for the author. */
export const COLUMN = 272;
export const ROW = 128;

export const ERROR_OUTLET = "error";

export type PortSide = "left" | "right" | "bottom";

/** An inlet or outlet as it is drawn: its middle, relative to the component's upper left corner. */
export interface DrawnPort {
  name: string;
  title: string;
  way: "in" | "out";
  side: PortSide;
  x: number;
  y: number;
  /** A link uses it, but the component does not have it (any more). */
  missing: boolean;
}

/** The ports of a component that links use. */
export interface LinkedPorts {
  inlets: ReadonlySet<string>;
  outlets: ReadonlySet<string>;
}

/** The shape of a component on the canvas. */
export interface Shape {
  milestone: boolean;
  width: number;
  height: number;
  ports: DrawnPort[];
  /** The outlets that have a row of their own, when there are several. */
  rows: DrawnPort[];
}

/**
 * Where everything of a component is. The error outlet leaves from the bottom, the others from the right. Ports that
 * only links know are drawn too: such a link must be seen to be mended.
 */
export function shapeOf(
  description: ComponentDescription | undefined,
  view: ComponentView | undefined,
  linked?: LinkedPorts,
): Shape {
  const milestone = description?.saves === true;
  const width = milestone ? MILESTONE_WIDTH : CARD_WIDTH;
  const inlets = withMissing(view?.ports.inlets ?? [], linked?.inlets);
  const outlets = withMissing(view?.ports.outlets ?? [], linked?.outlets);
  const ordinary = outlets.filter(({ name }) => name !== ERROR_OUTLET);
  const listed = ordinary.length > 1;
  const height = milestone ? MILESTONE_HEIGHT : CARD_HEIGHT + (listed ? ordinary.length * OUTLET_HEIGHT + 4 : 0);
  // A milestone's links meet its stones.
  const inset = milestone ? 18 : 0;
  const ports: DrawnPort[] = inlets.map((port, index) => ({
    ...port,
    way: "in",
    side: "left",
    x: inset,
    y: PORT_Y + index * OUTLET_HEIGHT,
  }));
  ordinary.forEach((port, index) =>
    ports.push({
      ...port,
      way: "out",
      side: "right",
      x: width - inset,
      y: listed ? CARD_HEIGHT + index * OUTLET_HEIGHT + OUTLET_HEIGHT / 2 : PORT_Y,
    }),
  );
  const error = outlets.find(({ name }) => name === ERROR_OUTLET);
  if (error)
    ports.push({
      ...error,
      way: "out",
      side: "bottom",
      ...(milestone ? { x: 71, y: 47 } : { x: width - 32, y: height }),
    });
  return { milestone, width, height, ports, rows: listed ? ports.filter((port) => port.side === "right") : [] };
}

function withMissing(
  ports: readonly PortDescription[],
  used: ReadonlySet<string> = new Set(),
): (PortDescription & { missing: boolean })[] {
  const known = new Set(ports.map(({ name }) => name));
  const missing = [...used].filter((name) => !known.has(name));
  return [
    ...ports.map((port) => ({ ...port, missing: false })),
    ...missing.map((name) => ({ name, title: name, missing: true })),
  ];
}

/** The nearest place on the grid. */
export function onGrid(at: Place): Place {
  return { x: Math.round(at.x / GRID) * GRID, y: Math.round(at.y / GRID) * GRID };
}

/** Where a component that follows another is placed: in the next column, below what stands there already. */
export function placeAfter(at: Place, shape: Shape, taken: readonly Place[]): Place {
  const place = { x: at.x - (shape.milestone ? (CARD_WIDTH - MILESTONE_WIDTH) / 2 : 0) + COLUMN, y: at.y };
  const meets = ({ x, y }: Place): boolean => Math.abs(x - place.x) < CARD_WIDTH && Math.abs(y - place.y) < 72;
  while (taken.some(meets)) place.y += ROW;
  return onGrid(place);
}
