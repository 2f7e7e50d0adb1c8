import { align, chosen, distribute, type Axis, type Side } from "../../canvas/arrange";
import { chooseLink } from "../../canvas/canvasKeys";
import { canvasView } from "../../canvas/canvasView.svelte";
import { layOut } from "../../canvas/layout";
import { duplicate } from "../clipboard";
import { designer } from "../designer.svelte";
import type { DrawnFlow } from "../flow.svelte";
import { linkId } from "../patch";
import { hasChoice, hasComponents, hasFlow, type Action } from "./action";

/** What is done with components and links on the canvas. */
export const canvas = {
  duplicate: { label: "Duplicate", keys: "Ctrl+D", where: "canvas", can: hasChoice, do: () => on(duplicate) },
  "select-connected": {
    label: "Select connected",
    keys: "Ctrl+Shift+A",
    where: "canvas",
    can: hasComponents,
    do: () => on(selectConnected),
  },
  rename: {
    label: "Rename",
    keys: "F2",
    where: "canvas",
    can: () => hasCursor() || !!designer.active?.selectedGroup,
    do: rename,
  },
  "insert-after": {
    label: "Insert after…",
    keys: ["I", "Insert"],
    where: "canvas",
    can: hasCursor,
    do: () => at((component) => designer.window.open({ kind: "insert-after", component })),
  },
  "insert-into": {
    label: "Insert into the body…",
    keys: "Shift+I",
    where: "canvas",
    can: () => designer.drawing.get(designer.active?.cursor ?? "")?.shape.kind === "frame",
    do: () => at((component) => designer.window.open({ kind: "insert-into", component })),
  },
  "connect-to": {
    label: "Connect to…",
    keys: "C",
    where: "canvas",
    can: hasCursor,
    do: () => at((component) => designer.window.open({ kind: "connect-to", component })),
  },
  "choose-link": { label: "Go to the next link", keys: "L", where: "canvas", can: hasFlow, do: () => on(nextLink) },
  reconnect: {
    label: "Reconnect the link…",
    keys: "R",
    where: "canvas",
    can: () => !!designer.active?.selectedLink,
    do: () => on(reconnect),
  },
  "move-into": { label: "Move into a body…", keys: "M", where: "canvas", can: hasCursor, do: moveInto },
  fold: { label: "Fold or unfold the body", keys: "F", where: "canvas", can: () => !!withBody(), do: fold },
  "align-left": alignment("left", "Align left", "Alt+A"),
  "align-center": alignment("center", "Align centers", "Alt+H"),
  "align-right": alignment("right", "Align right", "Alt+D"),
  "align-top": alignment("top", "Align tops", "Alt+W"),
  "align-middle": alignment("middle", "Align middles", "Alt+V"),
  "align-bottom": alignment("bottom", "Align bottoms", "Alt+S"),
  "distribute-horizontally": distribution("horizontally", "Alt+Shift+H"),
  "distribute-vertically": distribution("vertically", "Alt+Shift+V"),
  "auto-layout": {
    label: "Arrange components",
    keys: "Shift+L",
    where: "canvas",
    can: hasFlow,
    do: () => on(layOut),
  },
  "hand-tool": {
    label: "Drag to move the view",
    keys: "H",
    where: "canvas",
    can: hasFlow,
    do: () => canvasView.switch("selecting", false),
  },
  "selection-tool": {
    label: "Drag to choose",
    keys: "V",
    where: "canvas",
    can: hasFlow,
    do: () => canvasView.switch("selecting", true),
  },
} satisfies Record<string, Action>;

function on(work: (flow: DrawnFlow) => unknown): unknown {
  return designer.active && work(designer.active);
}
/** Does something with the component that the keyboard stands on. */
function at(work: (component: string) => void): void {
  const { active } = designer;
  const component = active?.selected.size === 1 ? [...active.selected][0] : active?.cursor;
  if (component) work(component);
}
function hasCursor(): boolean {
  return hasComponents() || !!designer.active?.cursor;
}

function alignment(side: Side, label: string, keys: string): Action {
  const can = (): boolean => several(2);
  return {
    label,
    keys,
    where: "canvas",
    can,
    do: () => on((flow) => apply(flow, align(flow, designer.drawing, side))),
  };
}
function distribution(axis: Axis, keys: string): Action {
  const can = (): boolean => several(3);
  const label = `Distribute ${axis}`;
  return {
    label,
    keys,
    where: "canvas",
    can,
    do: () => on((flow) => apply(flow, distribute(flow, designer.drawing, axis))),
  };
}
function several(count: number): boolean {
  return !!designer.active && chosen(designer.active, designer.drawing).length >= count;
}
function apply(flow: DrawnFlow, edit: ReturnType<typeof align>): void {
  if (edit) void flow.edit(edit);
  else flow.say("They stand so already");
}

/** Chooses all that links lead to and from, however far. */
function selectConnected(flow: DrawnFlow): void {
  const all = new Set(flow.selected);
  const ahead = [...all];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    const ends = [...flow.outgoing(id), ...flow.incoming(id)].flatMap(({ from, to }) => [from.component, to.component]);
    for (const end of ends)
      if (!all.has(end)) {
        all.add(end);
        ahead.push(end);
      }
  }
  flow.select(all);
  flow.say(`${all.size} chosen`);
}

/** Has the name of the component that the keyboard stands on written on the canvas, or the words of the chosen group or note. */
function rename(): void {
  const { active } = designer;
  const write = (id: string): void => {
    active?.show(id);
    active?.canvas?.write(id);
  };
  if (active?.selectedGroup) write(active.selectedGroup);
  else at(write);
}

/** Goes to the first link of the component that the keyboard stands on, or to the next one. */
function nextLink(flow: DrawnFlow): void {
  const cursor = flow.cursor ?? "";
  const links = [...flow.outgoing(cursor), ...flow.incoming(cursor)].map(linkId);
  const next = links[(links.indexOf(flow.selectedLink ?? "") + 1) % links.length];
  if (next === undefined) flow.say("No links here");
  else chooseLink(flow, next);
}

function reconnect(flow: DrawnFlow): void {
  const link = flow.linksById.get(flow.selectedLink ?? "");
  if (link) designer.window.open({ kind: "connect-to", component: link.from.component, instead: link });
}

function moveInto(): void {
  const { active } = designer;
  if (!active) return;
  if (active.selected.size === 0 && active.cursor) active.select([active.cursor]);
  if (active.selected.size > 0) designer.window.open({ kind: "move-into" });
}

/** The component with a body that is meant: the one that the keyboard stands on, or the one around it. */
function withBody(): string | undefined {
  const { active, drawing } = designer;
  for (let id = active?.cursor ?? undefined; id !== undefined; id = drawing.get(id)?.parent) {
    const kind = drawing.get(id)?.shape.kind;
    if (kind === "frame" || kind === "folded") return id;
  }
  return undefined;
}
function fold(): void {
  const id = withBody();
  if (id === undefined || !designer.active) return;
  designer.active.select([id]);
  designer.active.cursor = id;
  designer.active.fold(id);
}
