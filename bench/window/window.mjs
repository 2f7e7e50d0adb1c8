// Starts the desktop window again and again, and looks how long it takes and how much memory it has.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { serveBare } from "../designer/bare.mjs";
import { inPage } from "../designer/inPage.mjs";
import { flow, project } from "../designer/projects.mjs";
import { figure, print } from "../designer/report.mjs";

const { values: asked } = parseArgs({
  options: {
    designer: {
      type: "string",
      default: join(homedir(), ".cache/cairn/target/release/cairn-designer"),
    },
    repeats: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});
const work = mkdtempSync(join(tmpdir(), "cairn-bench-window-"));
const MARK = "CAIRN_BENCH_WINDOW";
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A display without a screen; answers its name. */
async function display() {
  const server = spawn(
    "Xvfb",
    ["-displayfd", "1", "-screen", "0", "1400x860x24", "-nolisten", "tcp"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  process.once("exit", () => server.kill());
  return new Promise((done, failed) => {
    server.stdout.once("data", (number) => done(`:${String(number).trim()}`));
    server.once("error", failed);
  });
}

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** The browser of WebKitGTK itself, for pages that are compared with. */
const MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/** A window on a screen, started by a driver of its own. */
class Window {
  /** The designer on a project, as soon as its flow is drawn. */
  static async designer(screen, folder) {
    const begun = performance.now();
    const window = await Window.start(screen, {
      binary: asked.designer,
      args: [folder],
    });
    await window.until(
      "return document.querySelectorAll('[data-component]').length > 10",
    );
    window.started = performance.now() - begun - window.prepared;
    return window;
  }

  static async start(screen, browser) {
    const begun = performance.now();
    const window = new Window();
    window.config = mkdtempSync(join(work, "config-"));
    const port = await freePort();
    window.base = `http://127.0.0.1:${port}`;
    const environment = {
      ...process.env,
      DISPLAY: screen,
      CAIRN_CONFIG: window.config,
      XDG_DATA_HOME: window.config,
      DBUS_SESSION_BUS_ADDRESS: "disabled:",
      NO_AT_BRIDGE: "1",
      TAURI_WEBVIEW_AUTOMATION: "true",
      [MARK]: window.config,
    };
    delete environment.WAYLAND_DISPLAY;
    window.driver = spawn("WebKitWebDriver", [`--port=${port}`], {
      env: environment,
      stdio: "ignore",
    });
    while (
      !(await fetch(`${window.base}/status`).then(
        (reply) => reply.ok,
        () => false,
      ))
    )
      await sleep(20);
    window.prepared = performance.now() - begun;
    const { sessionId } = await window.call("POST", "/session", {
      capabilities: {
        alwaysMatch: { "webkitgtk:browserOptions": browser },
      },
    });
    window.session = `/session/${sessionId}`;
    return window;
  }

  async call(method, path, body) {
    const reply = await fetch(this.base + path, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const { value } = await reply.json();
    if (!reply.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  run(script) {
    return this.call("POST", `${this.session}/execute/sync`, {
      script,
      args: [],
    });
  }

  async until(script) {
    for (let turn = 0; turn < 6000; turn++) {
      if (await this.run(script).catch(() => false)) return;
      await sleep(10);
    }
    throw new Error(`waited in vain for ${script}`);
  }

  /** Drags the canvas around for two seconds; answers how long each frame took, in ms. */
  async pan() {
    const at = await this.run("return bench.free()");
    const moves = Array.from({ length: 120 }, (_, n) => ({
      type: "pointerMove",
      duration: 16,
      x: Math.round(at.x + 160 * Math.sin(n / 28)),
      y: Math.round(at.y + 110 * Math.sin(n / 19)),
    }));
    const begin = [
      { type: "pointerMove", x: Math.round(at.x), y: Math.round(at.y) },
      { type: "pointerDown", button: 0 },
    ];
    await this.run("bench.frames.begin()");
    const actions = [...begin, ...moves, { type: "pointerUp", button: 0 }];
    await this.call("POST", `${this.session}/actions`, {
      actions: [{ type: "pointer", id: "mouse", actions }],
    });
    return this.run("return bench.frames.end()");
  }

  /** The memory of the program and its page, in MB: `held` is theirs alone, `pss` has their share of program files, too. */
  memory() {
    const sum = { held: 0, pss: 0 };
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        if (
          !readFileSync(`/proc/${pid}/environ`, "utf8").includes(
            `${MARK}=${this.config}`,
          )
        )
          continue;
        if (
          readFileSync(`/proc/${pid}/comm`, "utf8").startsWith(
            "WebKitWebDriver",
          )
        )
          continue;
        const sizes = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
        const size = (kind) =>
          Number(new RegExp(`^${kind}:\\s+(\\d+) kB`, "m").exec(sizes)[1]) /
          1024;
        sum.held += size("Pss_Anon") + size("Pss_Shmem");
        sum.pss += size("Pss");
      } catch {
        // It has ended meanwhile, or is nobody's business.
      }
    return sum;
  }

  async close() {
    await this.call("DELETE", this.session).catch(() => undefined);
    this.driver.kill();
    rmSync(this.config, { recursive: true, force: true });
  }
}

const figures = [];
/** The place and size of the canvas. */
let canvas;
const note = (...told) => figures.push(figure(...told));

/** How long frames take while a flow of so many components is dragged around, in ms. */
async function panned(screen, count) {
  const flows = { [`n${count}`]: flow(count) };
  const window = await Window.designer(
    screen,
    project(join(work, `large-${count}`), flows),
  );
  await sleep(3000);
  await window.run(inPage);
  canvas = await window.run("return bench.canvas()");
  const frames = await window.pan();
  await window.close();
  return frames;
}

/** The same of bare Svelte Flow on a canvas of the same size. */
async function pannedBare(screen, count) {
  const bare = await serveBare();
  const window = await Window.start(screen, {
    binary: MINI_BROWSER,
    args: ["--automation"],
  });
  const { width, height } = canvas;
  const url = `${bare.address}?count=${count}&width=${width}&height=${height}`;
  await window.call("POST", `${window.session}/window/rect`, {
    width: 1400,
    height: 860,
  });
  await window.call("POST", `${window.session}/url`, { url });
  await window.run(inPage);
  await window.run("document.querySelector('#open').click()");
  await window.until("return bench.draws()");
  await sleep(3000);
  const frames = await window.pan();
  await window.close();
  bare.close();
  return frames;
}
try {
  const screen = await display();
  const flows = Object.fromEntries(
    Array.from({ length: 10 }, (_, at) => [`flow-${at}`, flow(50)]),
  );
  const folder = project(join(work, "project"), flows);
  const [starts, ones, tens] = [[], [], []];
  for (let turn = 0; turn < Number(asked.repeats); turn++) {
    const window = await Window.designer(screen, folder);
    starts.push(window.started);
    await sleep(5000);
    ones.push(window.memory());
    if (turn === 0) {
      for (const name of Object.keys(flows)) {
        await window.run(
          `document.querySelector('[data-testid="flow-${name}"]').click()`,
        );
        await window.until(
          `return document.querySelector('[data-testid="tab-${name}"]')?.ariaSelected === 'true'`,
        );
      }
      await sleep(5000);
      tens.push(window.memory());
    }
    await window.close();
  }
  note("cold start", "ms", starts, { target: 1500 });
  const each = (memories, kind) => memories.map((memory) => memory[kind]);
  note("memory held", "MB", each(ones, "held"));
  note("memory with program files", "MB", each(ones, "pss"));
  note("ten flows open, memory held", "MB", each(tens, "held"), {
    target: 300,
  });
  note("ten flows open, memory with program files", "MB", each(tens, "pss"));
  for (const count of [1000, 5000])
    note(
      `${count} components, panned at 100%, a frame`,
      "ms",
      await panned(screen, count),
      {
        target: count === 1000 ? 17 : 50,
        bare: await pannedBare(screen, count),
      },
    );
  const build = asked.designer.includes("/release/")
    ? "optimised"
    : "development";
  print(
    {
      about: { build, browser: "WebKitGTK", canvas, machine: process.arch },
      figures,
    },
    asked.json,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(0);
