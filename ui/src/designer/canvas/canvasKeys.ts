import type { Edit } from "../../platform";
import { act } from "../state/actions";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import { chordOf } from "../state/chords";
import { actionAt } from "../state/keys";
import { asOne, inside, isWithin } from "./bodies";
import { GRID } from "./geometry";
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
export function canvasKey(flow: DrawnFlow, event: KeyboardEvent): boolean {
  const chord = chordOf(event);
  const arrow = arrows[event.key.toLowerCase()];
  if (arrow && (chord.startsWith("Ctrl") || chord.startsWith("Alt"))) return move(flow, arrow, event.shiftKey ? 5 : 1);
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
    case "F2":
      if (on) flow.select([on]);
      designer.window.focusInspector("name");
      return true;
    case "Space":
      if (on) flow.select(toggled(flow.selected, on));
      return true;
    case "Escape":
      flow.select([]);
      return true;
    case "I":
    case "Insert":
      if (on) designer.window.open({ kind: "insert-after", component: on });
      return true;
    case "Shift+I":
      if (on && designer.drawing.get(on)?.shape.kind === "frame")
        designer.window.open({ kind: "insert-into", component: on });
      return true;
    case "M":
      if (on && flow.selected.size === 0) flow.select([on]);
      if (flow.selected.size > 0) designer.window.open({ kind: "move-into" });
      return true;
    case "C":
      if (on) designer.window.open({ kind: "connect-to", component: on });
      return true;
    default:
      return false;
  }
}

/** Goes on to the component that the arrow leads to; with Shift it joins those that are chosen. */
function walk(flow: DrawnFlow, direction: Direction, extend: boolean): true {
  const next = neighbour(flow, designer.drawing, flow.cursor, direction);
  if (!next) return true;
  flow.select(extend ? [...flow.selected, next] : [next]);
  flow.cursor = next;
  flow.canvas?.reveal(next);
  return true;
}

/** Moves what is chosen by some steps of the grid. Steps in quick succession are one undo step. */
function move(flow: DrawnFlow, direction: Direction, size: number): true {
  const [dx, dy] = steps[direction];
  // What is in a chosen body moves with it.
  const ids = [...flow.selected].filter((id) => !isWithin(designer.drawing, parentOf(id), flow.selected));
  const edit = asOne(
    ids.map((id): Edit => {
      const { x, y } = designer.drawing.get(id)?.at ?? { x: 0, y: 0 };
      const position = { x: x + dx * size * GRID, y: y + dy * size * GRID };
      return { edit: "move", id, position: parentOf(id) ? inside(position) : position };
    }),
  );
  if (!edit) return true;
  const now = performance.now();
  if (now - gesture.last > 800) gesture.key = `keys-${now}`;
  gesture.last = now;
  void flow.edit(edit, gesture.key);
  return true;
}

function parentOf(id: string): string {
  return designer.drawing.get(id)?.parent ?? "";
}

function toggled(chosen: ReadonlySet<string>, id: string): string[] {
  return chosen.has(id) ? [...chosen].filter((other) => other !== id) : [...chosen, id];
}
