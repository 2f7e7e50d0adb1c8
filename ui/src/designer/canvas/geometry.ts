import type { ComponentDescription, ComponentView, PortDescription, Position as Place } from "../../platform";
import type { LinkedPorts } from "../../shared/links";

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
/** The least size of the frame that a component with a body is drawn as; its head is as high as a card. */
export const FRAME_WIDTH = 384;
export const FRAME_HEIGHT = 192;
/** How much room a frame leaves below what is in its body. */
export const FRAME_PADDING = 48;
/** Where the first component of a body stands: its ports are then level with those of the body. */
export const BODY_START: Readonly<Place> = { x: 72, y: 88 };

export const ERROR_OUTLET = "error";
export const ALWAYS_OUTLET = "always";

/** Which way links leave or reach a port. */
export type PortSide = "left" | "right" | "bottom";

/** What an outlet is for: the ordinary ones, what to do after an error, what to do in any case. */
export type PortRole = "ordinary" | "error" | "always";

/** An inlet or outlet as it is drawn: its middle, relative to the component's upper left corner. */
export interface DrawnPort {
  name: string;
  title: string;
  way: "in" | "out";
  role: PortRole;
  side: PortSide;
  x: number;
  y: number;
  /** Whether it leads into the component's body, or back from there. */
  inner: boolean;
  /** Whether a link uses it. */
  linked: boolean;
  /** A link uses it, but the component does not have it (any more). */
  missing: boolean;
}

/** The shape of a component on the canvas. */
export interface Shape {
  /** A frame is drawn around a body; one that is folded is like a card. */
  kind: "card" | "milestone" | "frame" | "folded";
  width: number;
  height: number;
  ports: DrawnPort[];
  /** The outlets that have a row of their own, when there are several. */
  rows: DrawnPort[];
}

/** How far to the right and down something reaches. */
export interface Reach {
  right: number;
  bottom: number;
}

/** What the outlet of this name is for. */
export function roleOf(outlet: string): PortRole {
  return outlet === ERROR_OUTLET || outlet === ALWAYS_OUTLET ? outlet : "ordinary";
}

/** Whether components can belong to the body of one with these ports. */
export function hasBody(view: ComponentView | undefined): boolean {
  return !!view && view.ports.bodyInlets.length + view.ports.bodyOutlets.length > 0;
}

/**
 * Where everything of a component is. The outlets for errors and for any case leave from the bottom, the others from
 * the right. Ports that only links know are drawn too: such a link must be seen to be mended. A component with a body
 * is a frame around it, as large as what is in it (`body`) needs.
 */
export function shapeOf(
  description: ComponentDescription | undefined,
  view: ComponentView | undefined,
  linked?: LinkedPorts,
  body?: Reach,
  folded = false,
): Shape {
  const inlets = withMissing(view?.ports.inlets ?? [], linked?.inlets);
  const outlets = withMissing(view?.ports.outlets ?? [], linked?.outlets);
  const ordinary = outlets.filter(({ name }) => roleOf(name) === "ordinary");
  const special = outlets.filter(({ name }) => roleOf(name) !== "ordinary");
  if (description?.saves) return milestone(inlets, ordinary, special);
  if (folded && (hasBody(view) || !description)) return { ...card(inlets, ordinary, special), kind: "folded" };
  if (body || hasBody(view)) {
    const inner = {
      entries: withMissing(view?.ports.bodyOutlets ?? [], linked?.bodyOutlets),
      exits: withMissing(view?.ports.bodyInlets ?? [], linked?.bodyInlets),
    };
    return frame(inlets, ordinary, special, inner, body ?? { right: 0, bottom: 0 });
  }
  return card(inlets, ordinary, special);
}

type Port = PortDescription & { missing: boolean; linked: boolean };

function card(inlets: Port[], ordinary: Port[], special: Port[]): Shape {
  const listed = ordinary.length > 1;
  const height = CARD_HEIGHT + (listed ? ordinary.length * OUTLET_HEIGHT + 4 : 0);
  const rowY = (index: number): number => CARD_HEIGHT + index * OUTLET_HEIGHT + OUTLET_HEIGHT / 2;
  const rows = ordinary.map((port, at) => drawn(port, "out", "right", CARD_WIDTH, listed ? rowY(at) : PORT_Y));
  return {
    kind: "card",
    width: CARD_WIDTH,
    height: Math.max(height, heightOf(inlets)),
    ports: [...atLeft(inlets, 0), ...rows, ...atBottom(special, CARD_WIDTH, Math.max(height, heightOf(inlets)))],
    rows: listed ? rows : [],
  };
}

/** A milestone's links meet its stones. */
function milestone(inlets: Port[], ordinary: Port[], special: Port[]): Shape {
  const inset = 18;
  const x = MILESTONE_WIDTH - inset;
  const below = special.map((port) => drawn(port, "out", "bottom", port.name === ERROR_OUTLET ? 71 : 25, 47));
  const ports = [...atLeft(inlets, inset), ...ordinary.map((port) => drawn(port, "out", "right", x, PORT_Y)), ...below];
  return { kind: "milestone", width: MILESTONE_WIDTH, height: MILESTONE_HEIGHT, ports, rows: [] };
}

function frame(
  inlets: Port[],
  ordinary: Port[],
  special: Port[],
  inner: { entries: Port[]; exits: Port[] },
  body: Reach,
): Shape {
  const width = onGridUp(Math.max(FRAME_WIDTH, body.right + BODY_START.x));
  const height = onGridUp(Math.max(FRAME_HEIGHT, body.bottom + FRAME_PADDING));
  const innerY = (index: number): number => BODY_START.y + PORT_Y + index * OUTLET_HEIGHT;
  const within = (port: DrawnPort): DrawnPort => ({ ...port, inner: true });
  return {
    kind: "frame",
    width,
    height,
    ports: [
      ...atLeft(inlets, 0),
      ...ordinary.map((port, at) => drawn(port, "out", "right", width, PORT_Y + at * OUTLET_HEIGHT)),
      ...atBottom(special, width, height),
      ...inner.entries.map((port, at) => within(drawn(port, "out", "right", 0, innerY(at)))),
      ...inner.exits.map((port, at) => within(drawn(port, "in", "left", width, innerY(at)))),
    ],
    rows: [],
  };
}

function drawn(port: Port, way: "in" | "out", side: PortSide, x: number, y: number): DrawnPort {
  return { ...port, way, side, x, y, inner: false, role: way === "in" ? "ordinary" : roleOf(port.name) };
}
function atLeft(inlets: Port[], x: number): DrawnPort[] {
  return inlets.map((port, index) => drawn(port, "in", "left", x, PORT_Y + index * OUTLET_HEIGHT));
}
function atBottom(special: Port[], width: number, y: number): DrawnPort[] {
  return special.map((port) => drawn(port, "out", "bottom", width - (port.name === ERROR_OUTLET ? 32 : 60), y));
}
function heightOf(inlets: Port[]): number {
  return PORT_Y * 2 + (inlets.length - 1) * OUTLET_HEIGHT;
}

function withMissing(ports: readonly PortDescription[], used: ReadonlySet<string> = new Set()): Port[] {
  const known = new Set(ports.map(({ name }) => name));
  const missing = [...used].filter((name) => !known.has(name));
  return [
    ...ports.map((port) => ({ ...port, missing: false, linked: used.has(port.name) })),
    ...missing.map((name) => ({ name, title: name, missing: true, linked: true })),
  ];
}

/** The nearest place on the grid. */
export function onGrid(at: Place): Place {
  return { x: Math.round(at.x / GRID) * GRID, y: Math.round(at.y / GRID) * GRID };
}

function onGridUp(length: number): number {
  return Math.ceil(length / GRID) * GRID;
}

/** Where a component that follows another is placed: in the next column, below what stands there already. */
export function placeAfter(at: Place, shape: Shape, taken: readonly Place[]): Place {
  const middle = shape.kind === "milestone" ? (CARD_WIDTH - MILESTONE_WIDTH) / 2 : 0;
  const width = shape.kind === "frame" ? shape.width : CARD_WIDTH;
  const place = { x: at.x - middle + width + COLUMN - CARD_WIDTH, y: at.y };
  const meets = ({ x, y }: Place): boolean => Math.abs(x - place.x) < CARD_WIDTH && Math.abs(y - place.y) < 72;
  while (taken.some(meets)) place.y += ROW;
  return onGrid(place);
}
