import { canvasView } from "../../canvas/canvasView.svelte";
import { designer } from "../designer.svelte";
import { hasFlow, hasPlaces, type Action } from "./action";

/** What is seen, and how. */
export const view = {
  "zoom-in": {
    label: "Zoom in",
    keys: ["+", "="],
    where: "canvas",
    can: hasFlow,
    do: () => designer.active?.canvas?.zoomIn(),
  },
  "zoom-out": {
    label: "Zoom out",
    keys: "-",
    where: "canvas",
    can: hasFlow,
    do: () => designer.active?.canvas?.zoomOut(),
  },
  "zoom-to-full": {
    label: "Zoom to 100%",
    keys: "Shift+0",
    where: "canvas",
    can: hasFlow,
    do: () => designer.active?.canvas?.zoomToFull(),
  },
  "zoom-to-fit": {
    label: "Zoom to fit",
    keys: "Shift+1",
    where: "canvas",
    can: hasFlow,
    do: () => designer.active?.canvas?.fit(),
  },
  "zoom-to-selection": {
    label: "Zoom to what is chosen",
    keys: "Shift+2",
    where: "canvas",
    can: hasPlaces,
    do: showChosen,
  },
  outline: {
    label: "Outline",
    keys: "O",
    where: "canvas",
    can: hasFlow,
    do: showOutline,
  },
  "failure-lens": {
    label: "Failure lens",
    keys: "Shift+F",
    where: "canvas",
    can: hasFlow,
    do: () => canvasView.switch("lens"),
  },
  "toggle-panel": { label: "Show or hide the panel", keys: "Ctrl+J", do: () => designer.window.togglePanel() },
} satisfies Record<string, Action>;

function showChosen(): void {
  const { active } = designer;
  if (active) active.canvas?.fit([...active.selected, ...active.selectedGroups]);
}

/** Shows the outline and puts the keyboard there; or hides it. */
function showOutline(): void {
  canvasView.switch("outline");
  if (!canvasView.outline) return designer.active?.canvas?.focus();
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>('[data-testid="outline"] [role="treeitem"][tabindex="0"]')?.focus(),
  );
}
