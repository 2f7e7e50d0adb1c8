import type { Edit } from "../../platform";
import { act } from "../state/actions";
import { chordOf } from "../state/chords";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { actionAt } from "../state/keys";
import { asOne, inside } from "./bodies";
import { GRID } from "./geometry";
import type { LinkDrawing } from "./linkDrawing.svelte";
import { neighbour, type Direction } from "./walk";

const arrows: Record<string, Direction> = {
  arrowleft: "left",
  arrowright: "right",
  arrowup: "up",
  arrowdown: "down",
};
const steps: Record<Direction, [number, number]> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
const gesture = { key: "", last: 0 };

/** The keyboard layer of the canvas. Answers whether the key was its own. */
export function canvasKey(flow: DrawnFlow, linking: LinkDrawing, event: KeyboardEvent): boolean {
  const chord = chordOf(event);
  const arrow = arrows[event.key.toLowerCase()];
  if (arrow && (chord.startsWith("Ctrl") || chord.startsWith("Alt"))) return move(flow, arrow, event.shiftKey ? 5 : 1);
  if (flow.selectedLink && linkKey(flow, flow.selectedLink, linking, chord, arrow)) return true;
  if (arrow) return walk(flow, arrow, event.shiftKey);
  const action = actionAt(chord, "canvas");
  if (action) {
    act(action);
    return true;
  }
  const on = flow.cursor;
  switch (chord) {
    case "Enter":
      if (on) flow.select([on]);
      designer.window.focusInspector();
      return true;
    case "Space":
      if (on) toggle(flow, on);
      return true;
    case "Escape":
      flow.select([]);
      return true;
    default:
      return false;
  }
}

/** The keys on a link: arrows go to its ends, or to the other links there. */
function linkKey(
  flow: DrawnFlow,
  id: string,
  linking: LinkDrawing,
  chord: string,
  arrow: Direction | undefined,
): boolean {
  const link = flow.linksById.get(id);
  if (!link) return false;
  if (arrow === "left" || arrow === "right") {
    const end = (arrow === "left" ? link.from : link.to).component;
    flow.select([end]);
    flow.cursor = end;
    flow.canvas?.reveal(end);
    return true;
  }
  if (arrow) {
    const beside = [...flow.outgoing(link.from.component), ...flow.incoming(link.to.component)];
    const ids = [...new Set(beside.map((other) => linkIdOf(flow, other)))];
    const next = ids[(ids.indexOf(id) + (arrow === "down" ? 1 : ids.length - 1)) % ids.length];
    if (next !== undefined) chooseLink(flow, next);
    return true;
  }
  if (chord === "I" || chord === "Insert") {
    const place = document.querySelector(`[data-testid="link-${CSS.escape(id)}"]`)?.getBoundingClientRect();
    const at = place ?? document.querySelector(".canvas")?.getBoundingClientRect();
    if (at) linking.offerOn(flow, link, { x: at.x + at.width / 2, y: at.y + at.height / 2 });
    return true;
  }
  if (chord === "Enter") {
    designer.window.focusInspector();
    return true;
  }
  return false;
}

/** Chooses a link and says which one it is. */
export function chooseLink(flow: DrawnFlow, id: string): void {
  const link = flow.linksById.get(id);
  if (!link) return;
  flow.select([], id);
  const [from, to] = [flow.component(link.from.component)?.name, flow.component(link.to.component)?.name];
  const keys = "L goes to the next link, I inserts on it, R reconnects it, Delete removes it.";
  flow.say(`Link from ${from}, ${link.from.port}, to ${to}. ${keys}`);
}

function linkIdOf(flow: DrawnFlow, link: unknown): string {
  for (const [id, known] of flow.linksById) if (known === link) return id;
  return "";
}

/** Goes on to the component that the arrow leads to; with Shift it joins those that are chosen. */
function walk(flow: DrawnFlow, direction: Direction, extend: boolean): true {
  const next = neighbour(flow, designer.drawing, flow.cursor, direction);
  if (!next) {
    flow.say("Nothing further there");
    return true;
  }
  flow.select(extend ? [...flow.selected, next] : [next]);
  flow.cursor = next;
  flow.canvas?.reveal(next);
  return true;
}

/** Moves what is chosen by some steps of the grid. Steps in quick succession are one undo step. */
function move(flow: DrawnFlow, direction: Direction, size: number): true {
  const [dx, dy] = steps[direction];
  // What is in a chosen body moves with it.
  const components = flow.outermost().map((id): Edit => {
    const { at, parent } = designer.drawing.get(id) ?? { at: { x: 0, y: 0 }, parent: undefined };
    const position = { x: at.x + dx * size * GRID, y: at.y + dy * size * GRID };
    return { edit: "move", id, position: parent === undefined ? position : inside(position) };
  });
  const notes = [...flow.selectedGroups].flatMap((id): Edit[] => {
    const group = flow.document.groups[id];
    if (!group?.area || group.members.length > 0) return [];
    const area = { ...group.area, x: group.area.x + dx * size * GRID, y: group.area.y + dy * size * GRID };
    return [{ edit: "setGroup", id, group: { ...group, area } }];
  });
  const edit = asOne([...components, ...notes]);
  if (!edit) return true;
  const now = performance.now();
  if (now - gesture.last > 800) gesture.key = `keys-${now}`;
  gesture.last = now;
  void flow.edit(edit, { gesture: gesture.key });
  return true;
}

function toggle(flow: DrawnFlow, id: string): void {
  const chosen = new Set(flow.selected);
  if (!chosen.delete(id)) chosen.add(id);
  flow.select(chosen);
  flow.cursor = id;
  flow.say(
    `${flow.component(id)?.name ?? id} ${chosen.has(id) ? "chosen" : "no longer chosen"}, ${chosen.size} chosen`,
  );
}
