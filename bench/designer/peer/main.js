// diagram-js, the library of bpmn-js: the same components at the same places as one box with a label each, and the same links.
// `?count=1000&width=900&height=600` says how many, and how large the canvas is.

import "diagram-js/assets/diagram-js.css";
import Diagram from "diagram-js";
import BaseRenderer from "diagram-js/lib/draw/BaseRenderer";
import ModelingModule from "diagram-js/lib/features/modeling";
import MoveModule from "diagram-js/lib/features/move";
import MoveCanvasModule from "diagram-js/lib/navigation/movecanvas";
import SelectionModule from "diagram-js/lib/features/selection";
import { append, attr, create } from "tiny-svg";
import { idOf, place } from "./grid.mjs";

class Labelled extends BaseRenderer {
  static $inject = ["eventBus"];
  constructor(eventBus) {
    super(eventBus, 2000);
  }
  canRender() {
    return true;
  }
  drawShape(visuals, { width, height, title }) {
    const box = append(visuals, create("rect"));
    attr(box, { width, height, rx: 4, fill: "white", stroke: "#999" });
    const text = append(visuals, create("text"));
    attr(text, { x: 10, y: 24, "font-size": 13, "font-family": "sans-serif" });
    text.textContent = title;
    return box;
  }
  drawConnection(visuals, { waypoints }) {
    const line = append(visuals, create("polyline"));
    const points = waypoints.map(({ x, y }) => `${x},${y}`).join(" ");
    attr(line, { points, fill: "none", stroke: "#999" });
    return line;
  }
}

const query = new URLSearchParams(location.search);
const number = (name) => Number(query.get(name));
const container = document.getElementById("place");
container.style.cssText = `width: ${number("width")}px; height: ${number("height")}px`;
window.benchPage = {
  canvas: ".djs-container",
  node: ".djs-shape",
  isFree: (element) => element.tagName === "svg",
  idOf: (element) => element.dataset.elementId,
};

document.getElementById("open").addEventListener("click", () => {
  const diagram = new Diagram({
    canvas: { container },
    modules: [
      ModelingModule,
      MoveModule,
      MoveCanvasModule,
      SelectionModule,
      { __init__: ["labelled"], labelled: ["type", Labelled] },
    ],
  });
  const canvas = diagram.get("canvas");
  const factory = diagram.get("elementFactory");
  const root = factory.createRoot({ id: "root" });
  canvas.setRootElement(root);
  const count = number("count");
  const shapes = Array.from({ length: count }, (_, n) => {
    const { x, y } = place(n, count);
    const title = `Component ${n}`;
    const shape = factory.createShape({
      id: idOf(n),
      x,
      y,
      width: 208,
      height: 56,
      title,
    });
    return canvas.addShape(shape, root);
  });
  shapes.forEach((target, n) => {
    if (place(n, count).column === 0) return;
    const source = shapes[n - 1];
    const waypoints = [
      { x: source.x + source.width, y: source.y + 28 },
      { x: target.x, y: target.y + 28 },
    ];
    canvas.addConnection(
      factory.createConnection({ id: `to-${n}`, source, target, waypoints }),
      root,
    );
  });
  canvas.viewbox({
    x: -20,
    y: -20,
    width: number("width"),
    height: number("height"),
  });
  window.fit = () => canvas.zoom("fit-viewport", "auto");
});
