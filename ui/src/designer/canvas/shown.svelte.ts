import type { Edge, Node } from "@xyflow/svelte";
import { untrack } from "svelte";
import type { Area, Link, Position } from "../../platform";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { linkId } from "../state/patch";
import { drawnComponents, drawnLinks, type Drawing } from "./drawn";
import { drawnGroups } from "./groups";
import { encloses, meets } from "./touching";
import { seenBy, type Size, type Viewport } from "./view";

/** How far around what is seen counts as near, in its own widths and heights. */
const MARGIN = 0.25;
/** How many components that are near but not in sight are added at a time, so that no frame is late for them. */
const SLICE = 4;

/**
 * What of a flow the canvas library is given: what is near the view, what is chosen or held, and what that hangs on. The
 * library goes through all that it has whenever the view moves and whenever anything changes, so that a large flow would be
 * slow in all its parts.
 */
export class Shown {
  nodes = $state.raw<Node[]>([]);
  edges = $state.raw<Edge[]>([]);
  /** The part of the canvas that is near. It stays as it is until the view comes to its border. */
  #near = $state.raw<Area>();
  /** What is in sight. Components that come there are drawn at once. */
  #seen: Area = { x: 0, y: 0, width: 0, height: 0 };
  /** How often more was added of what is near. */
  #slices = $state(0);
  #next: number | undefined;
  #found: Found | undefined;

  /** Follows the view. */
  follow(view: Viewport, window: Size): void {
    if (window.width === 0 || window.height === 0) return;
    const seen = seenBy(view, window);
    this.#seen = seen;
    const near = untrack(() => this.#near);
    if (near && encloses(near, seen) && near.width < (2 + 4 * MARGIN) * seen.width) return;
    this.#near = {
      x: seen.x - MARGIN * seen.width,
      y: seen.y - MARGIN * seen.height,
      width: (1 + 2 * MARGIN) * seen.width,
      height: (1 + 2 * MARGIN) * seen.height,
    };
  }

  /**
   * Draws the flow as its document is now. What did not change keeps its identity, so that the library leaves it alone. Links
   * are left out where they are `far`: something else draws them. Components that are `held` are there wherever they are.
   */
  draw(flow: DrawnFlow, { far, held }: { far: boolean; held: readonly string[] }): void {
    const near = this.#near;
    if (!near) return;
    const { drawing } = designer;
    const { selected, selectedLinks } = flow;
    const before = untrack(() => ({ nodes: this.nodes, edges: this.edges }));
    const { links, wanted } = this.#search({
      near,
      drawing,
      links: far ? NO_LINKS : flow.document.links,
      selectedLinks,
      chosen: [...selected, ...held],
    });
    const components = this.#sliced(wanted, new Set([...selected, ...held]), before.nodes);
    const nodes = [...drawnComponents(flow, components, before.nodes), ...drawnGroups(flow, drawing, before.nodes)];
    const edges = drawnLinks(flow, links, before.edges);
    if (!areSame(nodes, before.nodes)) this.nodes = nodes;
    if (!areSame(edges, before.edges)) this.edges = edges;
  }

  /** What is near. It is looked for only when something else is asked than the last time, since it takes a look at everything. */
  #search(asked: Asked): Found {
    if (this.#found && isSameAsked(this.#found.asked, asked)) return this.#found;
    const { drawing, near, chosen } = asked;
    const links = asked.links.filter((link) => isNear(asked, link));
    const found = { asked, links, wanted: nearComponents(drawing, near, [...chosen, ...links.flatMap(endsOf)]) };
    this.#found = found;
    return found;
  }

  /** Ends what is still to come. */
  end(): void {
    window.clearTimeout(this.#next);
  }

  /** Of the components that are wanted those that are drawn already, those in sight and `now`; of the others a few more. */
  #sliced(wanted: Drawing, now: ReadonlySet<string>, before: readonly Node[]): Drawing {
    void this.#slices;
    const drawn = new Set(before.map(({ id }) => id));
    const due = new Set<string>();
    let room = SLICE;
    for (const { id, place, shape } of wanted.values()) {
      if (drawn.has(id) || now.has(id) || meets(this.#seen, boxOf(place, shape)) || room-- > 0) due.add(id);
    }
    withBodies(due, wanted);
    this.end();
    if (due.size === wanted.size) return wanted;
    this.#next = window.setTimeout(() => (this.#slices += 1), 1000 / 60);
    return only(wanted, due);
  }

  /** Draws some of them elsewhere, as long as a drag goes on. */
  place(at: ReadonlyMap<string, Position>): void {
    this.nodes = untrack(() => this.nodes).map((node) => {
      const position = at.get(node.id);
      return position ? { ...node, position } : node;
    });
  }
}

/** What is looked for. */
interface Asked {
  near: Area;
  drawing: Drawing;
  links: readonly Link[];
  selectedLinks: ReadonlySet<string>;
  /** The components that are there wherever they are. */
  chosen: readonly string[];
}
/** What was found near. */
interface Found {
  asked: Asked;
  links: Link[];
  wanted: Drawing;
}
const NO_LINKS: readonly Link[] = [];

function isSameAsked(one: Asked, other: Asked): boolean {
  return (
    one.near === other.near &&
    one.drawing === other.drawing &&
    one.links === other.links &&
    one.selectedLinks === other.selectedLinks &&
    areSame(one.chosen, other.chosen)
  );
}

/** The components that are near, and `others`; with the bodies that they are in. */
function nearComponents(drawing: Drawing, near: Area, others: Iterable<string>): Drawing {
  const wanted = new Set(others);
  for (const { id, place, shape } of drawing.values()) if (meets(near, boxOf(place, shape))) wanted.add(id);
  withBodies(wanted, drawing);
  return wanted.size >= drawing.size ? drawing : only(drawing, wanted);
}

const boxOf = ({ x, y }: Position, { width, height }: Size): Area => ({ x, y, width, height });

/** Adds the components in whose bodies others are. */
function withBodies(ids: Set<string>, drawing: Drawing): void {
  for (const id of ids) {
    const parent = drawing.get(id)?.parent;
    if (parent !== undefined) ids.add(parent);
  }
}

/** A part of a drawing, in its order. */
const only = (drawing: Drawing, ids: ReadonlySet<string>): Drawing =>
  new Map([...drawing].filter(([id]) => ids.has(id)));

const endsOf = ({ from, to }: Link): string[] => [from.component, to.component];

function isNear({ drawing, near, selectedLinks }: Asked, link: Link): boolean {
  const [from, to] = [drawing.get(link.from.component), drawing.get(link.to.component)];
  if (!from || !to) return false;
  const x = Math.min(from.place.x, to.place.x);
  const y = Math.min(from.place.y, to.place.y);
  const width = Math.max(from.place.x + from.shape.width, to.place.x + to.shape.width) - x;
  const height = Math.max(from.place.y + from.shape.height, to.place.y + to.shape.height) - y;
  return meets(near, { x, y, width, height }) || (selectedLinks.size > 0 && selectedLinks.has(linkId(link)));
}

function areSame<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((item, at) => item === other[at]);
}
