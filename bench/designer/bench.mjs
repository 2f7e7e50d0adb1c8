// Measures the designer as `cairn design` serves it, and beside it, in the same run, the bare library that it draws with.

import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { serveBare } from "./bare.mjs";
import { Browser, pause, until } from "./browser.mjs";
import { design, memory } from "./design.mjs";
import { inPage } from "./inPage.mjs";
import { flow, project } from "./projects.mjs";
import { figure, print } from "./report.mjs";

const USAGE = `usage: bench/designer/run [options]
  --cairn PROGRAM    the program to measure (default: cairn, from the PATH)
  --only PARTS       some of frames,open,edit,projects,memory, with commas between
  --counts NUMBERS   how many components (default 1000,2000,5000)
  --runs N           how often what can be repeated is (default 5)
  --seconds N        how long each drag takes (default 3)
  --ui FOLDER        the user interface from this folder (ui/dist) instead of the one in the program
  --diagram-js DIR   measure diagram-js too, from this node_modules
  --json             print the figures as JSON`;

const { values: asked } = parseArgs({
  options: {
    cairn: { type: "string", default: "cairn" },
    only: { type: "string", default: "frames,open,edit,projects,memory" },
    counts: { type: "string", default: "1000,2000,5000" },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    ui: { type: "string" },
    "diagram-js": { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (asked.help) {
  console.log(USAGE);
  process.exit(0);
}
const parts = new Set(asked.only.split(","));
const counts = asked.counts.split(",").map(Number);
const runs = Number(asked.runs);
const seconds = Number(asked.seconds);

/** Ways of a pointer. */
const around = (t) => [160 * Math.sin(t * 2.1), 110 * Math.sin(t * 3.1)];
const nearby = (t) => [90 * Math.sin(t * 2.7), 60 * Math.sin(t * 3.7)];

/** Says on the error output what is going on. */
const tell = (text) =>
  console.error(
    `${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${text}`,
  );

const figures = [];
const note = (...told) => figures.push(figure(...told));

/** Whether the program says that it is an optimised build. */
let optimised;
/** Starts the designer on a project. */
async function start(project) {
  const designer = await design(asked.cairn, project);
  ({ optimised } = designer);
  return designer;
}

const folder = mkdtempSync(join(tmpdir(), "cairn-bench-designer-"));
let browser = await Browser.start();
if (asked.ui) await browser.serve(asked.ui);
const bare = await serveBare();
const peer = asked["diagram-js"]
  ? await serveBare("peer", resolve(asked["diagram-js"]))
  : undefined;
try {
  if (parts.has("frames") || parts.has("open") || parts.has("edit"))
    await large();
  if (parts.has("projects")) await projects();
  if (parts.has("memory")) await tenFlows();
  const cores = cpus();
  const about = {
    build: { true: "optimised", false: "development" }[optimised] ?? "unknown",
    browser: browser.version,
    canvas: browser.canvas,
    machine: `${cores.length} cores, ${cores[0]?.model.trim()}`,
    runs,
  };
  print({ about, figures }, asked.json);
} finally {
  bare.close();
  peer?.close();
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Flows of many components: frames, opening, edits. */
async function large() {
  const flows = Object.fromEntries(
    counts.map((count) => [`n${count}`, flow(count)]),
  );
  const designer = await start(
    project(join(folder, "large"), { a: flow(3), ...flows }),
  );
  try {
    await browser.open(designer.address, inPage);
    await until("the designer", () => browser.ask(`bench.draws("a")`));
    const measured = {};
    for (const count of counts) measured[count] = await ofDesigner(count);
    const ofPage = async (name, page) => {
      const figures = {};
      if (page && (parts.has("frames") || parts.has("open")))
        for (const count of counts)
          figures[count] = await ofLibrary(name, page, count, browser.canvas);
      return figures;
    };
    const library = await ofPage("Svelte Flow", bare);
    const peers = await ofPage("diagram-js", peer);
    const targets = {
      1000: { pan: 17, all: 57, move: 20, open: 800 },
      2000: { pan: 17, all: 111, open: 1300 },
      5000: { pan: 50 },
    };
    const names = {
      open: ["opened", "ms"],
      pan: ["panned at 100%, a frame", "ms"],
      all: ["panned with all in view, a frame", "ms"],
      move: ["one moved, a frame", "ms"],
    };
    for (const count of counts)
      for (const [key, [name, unit]] of Object.entries(names)) {
        const values = measured[count][key];
        if (!values) continue;
        const target = targets[count]?.[key];
        note(`${count} components, ${name}`, unit, values, {
          target,
          bare: library[count]?.[key],
          peer: peers[count]?.[key],
        });
      }
    for (const count of counts)
      for (const [key, values] of Object.entries(measured[count].edits ?? {}))
        note(`${count} components, ${key}, key to painted`, "ms", values, {
          target: count === 1000 ? 50 : undefined,
        });
  } finally {
    await designer.close();
  }
}

async function ofDesigner(count) {
  tell(`the designer, ${count} components`);
  const name = `n${count}`;
  const open = [];
  for (let run = 0; run < (parts.has("open") ? runs : 1); run++) {
    const row = await until(`the flow ${name}`, () =>
      browser.ask(`bench.place('[data-testid="flow-${name}"]')`),
    );
    await browser.ask(`bench.armed("click", () => bench.draws("${name}"))`);
    await browser.click(row.x, row.y);
    open.push(await browser.ask("bench.measured"));
    await pause(run === 0 ? 3000 : 800);
    if (run + 1 < runs && parts.has("open")) {
      const tab = await browser.ask(
        `bench.place('[aria-label="Close ${name}"]')`,
      );
      await browser.click(tab.x, tab.y);
      await until("the flow to close", () =>
        browser.ask(
          `!document.querySelector('[aria-label="Canvas of ${name}"]')`,
        ),
      );
      await pause(300);
    }
  }
  browser.canvas = await browser.ask("bench.canvas()");
  const found = parts.has("open") ? { open } : {};
  await focusCanvas();
  if (parts.has("edit")) found.edits = await edits();
  if (parts.has("frames")) {
    await browser.key("0", "Digit0", 48, 8);
    await pause(500);
    Object.assign(found, await frames(() => browser.key("1", "Digit1", 49, 8)));
  }
  return found;
}

async function ofLibrary(name, page, count, { width, height }) {
  tell(`${name} alone, ${count} components`);
  await browser.open(
    `${page.address}?count=${count}&width=${width}&height=${height}`,
    inPage,
  );
  const open = [];
  for (let run = 0; run < (parts.has("open") ? runs : 1); run++) {
    if (run > 0) await browser.send("Page.reload");
    const button = await until("the bare page", () =>
      browser.ask(`document.readyState === "complete" && bench.place("#open")`),
    );
    await pause(200);
    await browser.ask(`bench.armed("click", () => bench.draws())`);
    await browser.click(button.x, button.y);
    open.push(await browser.ask("bench.measured"));
  }
  await pause(500);
  return {
    open,
    ...(parts.has("frames")
      ? await frames(() => browser.ask("window.fit()"))
      : {}),
  };
}

/** The times of frames, at 100%, and then when all is in view. */
async function frames(fit) {
  const node = await browser.ask("bench.node()");
  const move = await browser.drag(node.x, node.y, seconds, nearby);
  await pause(500);
  const at = await until("a free place", () => browser.ask("bench.free()"));
  const pan = await browser.drag(at.x, at.y, seconds, around);
  await fit();
  await pause(1200);
  const free = await browser.ask("bench.free()");
  const all = free
    ? await browser.drag(free.x, free.y, seconds, around)
    : undefined;
  return { pan, ...(all ? { all } : {}), move };
}

async function focusCanvas() {
  const at = await browser.ask("bench.free()");
  await browser.click(at.x, at.y);
  await pause(200);
}

/**
 * From a key to what it did, painted: a component is removed, and comes back, and one is duplicated. The page draws it before
 * the program has answered.
 */
async function edits() {
  const removed = [];
  const undone = [];
  const duplicated = [];
  for (let run = 0; run < 2 * runs; run++) {
    const node = await browser.ask("bench.node()");
    await browser.click(node.x, node.y);
    await pause(400);
    const there = `document.querySelector('.svelte-flow__node[data-id="${node.id}"]')`;
    await browser.ask(`bench.armed("keydown", () => !${there})`);
    await browser.key("Delete", "Delete", 46);
    removed.push(await browser.ask("bench.measured"));
    await pause(700);
    await browser.ask(`bench.armed("keydown", () => ${there})`);
    await browser.key("z", "KeyZ", 90, 2);
    undone.push(await browser.ask("bench.measured"));
    await pause(700);
    await browser.click(node.x, node.y);
    await pause(400);
    const drawn = await browser.ask("bench.nodes().length");
    await browser.ask(
      `bench.armed("keydown", () => bench.nodes().length > ${drawn})`,
    );
    await browser.key("d", "KeyD", 68, 2);
    duplicated.push(await browser.ask("bench.measured"));
    await pause(700);
    await browser.key("z", "KeyZ", 90, 2);
    await pause(700);
  }
  return {
    "a component removed": removed,
    "that undone": undone,
    "one duplicated": duplicated,
  };
}

/** From nothing to a flow on the canvas: a project of one flow, and one of 500. */
async function projects() {
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`flow-${n}`, flow(50, `f${n}-`)]),
  );
  const both = [
    ["small", project(join(folder, "small"), { a: flow(10) }), "a", 1500],
    ["500 flows", project(join(folder, "many"), many), "flow-0", 1000],
  ];
  for (const [name, place, first, target] of both) {
    tell(`a project of ${name}`);
    const started = [];
    const shown = [];
    for (let run = 0; run < runs; run++) {
      const designer = await start(place);
      try {
        await browser.open(designer.address, inPage);
        shown.push(
          await until("the designer", () =>
            browser.ask(`bench.since(() => bench.draws("${first}"))`),
          ),
        );
        started.push(designer.started);
      } finally {
        await browser.send("Page.navigate", { url: "about:blank" });
        await designer.close();
      }
    }
    const whole = started.map((ms, at) => ms + shown[at]);
    note(`project of ${name}, program started`, "ms", started);
    note(
      `project of ${name}, page opened and flow painted`,
      "ms",
      shown,
      name === "small" ? {} : { target },
    );
    note(
      `project of ${name}, both`,
      "ms",
      whole,
      name === "small" ? { target } : {},
    );
  }
}

/** What it takes with ten flows of 50 components open. */
async function tenFlows() {
  tell("ten flows open");
  const names = Array.from({ length: 10 }, (_, n) => `flow-${n}`);
  const flows = Object.fromEntries(names.map((name) => [name, flow(50, name)]));
  // One that has not shown anything else yet.
  const { canvas } = browser;
  await browser.close();
  browser = Object.assign(await Browser.start(), { canvas });
  if (asked.ui) await browser.serve(asked.ui);
  const designer = await start(project(join(folder, "ten"), flows));
  try {
    await browser.open(designer.address, inPage);
    for (const name of names) {
      const row = await until(name, () =>
        browser.ask(`bench.place('[data-testid="flow-${name}"]')`),
      );
      await browser.click(row.x, row.y);
      await until(name, () => browser.ask(`bench.draws("${name}")`));
    }
    await pause(5000);
    const renderers = (await browser.renderers()).map(memory);
    const page = Math.max(...renderers);
    const program = memory(designer.pid);
    note("ten flows open, the program", "MB", [program]);
    note("ten flows open, the page's process", "MB", [page]);
    note("ten flows open, both", "MB", [program + page], { target: 300 });
  } finally {
    await designer.close();
  }
}
