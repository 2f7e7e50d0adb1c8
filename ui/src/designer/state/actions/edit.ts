import { newGroup, newNote } from "../../canvas/groups";
import { copy, cut, paste } from "../clipboard";
import { designer } from "../designer.svelte";
import { hasChoice, hasComponents, hasFlow, type Action } from "./action";

/** Changes of the flow that is shown. */
export const edit = {
  undo: {
    label: "Undo",
    keys: "Ctrl+Z",
    where: "outside-text",
    can: () => !!designer.active?.state.undo,
    do: () => designer.active?.undo(),
  },
  redo: {
    label: "Redo",
    keys: ["Ctrl+Y", "Ctrl+Shift+Z"],
    where: "outside-text",
    can: () => !!designer.active?.state.redo,
    do: () => designer.active?.redo(),
  },
  cut: {
    label: "Cut",
    keys: "Ctrl+X",
    where: "canvas",
    can: hasChoice,
    do: () => designer.active && cut(designer.active),
  },
  copy: {
    label: "Copy",
    keys: "Ctrl+C",
    where: "canvas",
    can: hasChoice,
    do: () => designer.active && copy(designer.active),
  },
  paste: {
    label: "Paste",
    keys: "Ctrl+V",
    where: "browser",
    can: hasFlow,
    do: () => designer.active && paste(designer.active),
  },
  delete: {
    label: "Delete",
    keys: ["Delete", "Backspace"],
    where: "canvas",
    can: hasChoice,
    do: () => designer.active?.remove(),
  },
  "select-all": {
    label: "Select all",
    keys: "Ctrl+A",
    where: "canvas",
    can: hasFlow,
    do: selectAll,
  },
  "add-note": { label: "Add a note", keys: "N", where: "canvas", can: hasFlow, do: addNote },
  group: {
    label: "Group the chosen components",
    keys: "Ctrl+G",
    where: "canvas",
    can: hasComponents,
    do: group,
  },
} satisfies Record<string, Action>;

/** Chooses every component and note. */
function selectAll(): void {
  const { active } = designer;
  if (!active) return;
  active.choose({ components: Object.keys(active.document.components), groups: Object.keys(active.document.groups) });
  active.say(`${active.selected.size} chosen`);
}

/** Puts a note under the pointer, or into the middle of what is seen, to be written. Escape takes it back. */
async function addNote(): Promise<void> {
  const flow = designer.active;
  if (!flow) return;
  const { id, edit } = newNote(flow.canvas?.center() ?? { x: 0, y: 0 });
  if (!(await flow.edit(edit))) return;
  const { revision } = flow.state;
  flow.show(id);
  flow.canvas?.write(id, () => {
    const isLast = flow.state.revision === revision && !flow.isAsking;
    return isLast ? flow.undo() : flow.edit({ edit: "setGroup", id });
  });
}

/** Draws a frame around the chosen components, to be named. */
async function group(): Promise<void> {
  const flow = designer.active;
  if (!flow) return;
  const { id, edit } = newGroup(flow.selected);
  if (!(await flow.edit(edit))) return;
  flow.show(id);
  flow.canvas?.write(id);
}
