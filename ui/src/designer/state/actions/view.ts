import { layOut } from "../../canvas/layout";
import { designer } from "../designer.svelte";
import { hasFlow, type Action } from "./action";

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
  "zoom-to-fit": {
    label: "Zoom to fit",
    keys: "Shift+1",
    where: "canvas",
    can: hasFlow,
    do: () => designer.active?.canvas?.fit(),
  },
  "auto-layout": {
    label: "Arrange components",
    keys: "Shift+L",
    where: "canvas",
    can: hasFlow,
    do: () => designer.active && layOut(designer.active),
  },
  "toggle-panel": { label: "Show or hide the panel", keys: "Ctrl+J", do: () => designer.window.togglePanel() },
} satisfies Record<string, Action>;
