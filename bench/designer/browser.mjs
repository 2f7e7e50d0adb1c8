// Chromium on a display of its own, driven by its own protocol (CDP): real input, at the rate of a real mouse.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const WIDTH = 1400;
export const HEIGHT = 860;

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until `ask` gives something. */
export async function until(what, ask, seconds = 60) {
  for (
    const end = Date.now() + seconds * 1000;
    Date.now() < end;
    await pause(20)
  ) {
    const answer = await (async () => ask())().catch(() => undefined);
    if (answer) return answer;
  }
  throw new Error(`waited ${seconds} s in vain for ${what}`);
}

async function startDisplay() {
  const server = spawn(
    "Xvfb",
    [
      "-displayfd",
      "1",
      "-screen",
      "0",
      `${WIDTH}x${HEIGHT}x24`,
      "-nolisten",
      "tcp",
    ],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const number = await new Promise((done, failed) => {
    server.stdout.once("data", (text) => done(String(text).trim()));
    server.once("error", failed);
    server.once("exit", () => failed(new Error("Xvfb did not start")));
  });
  return { server, display: `:${number}` };
}

const TYPES = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** A page of a browser of its own, without a GPU. */
export class Browser {
  #children = [];
  #socket;
  #waiting = new Map();
  #number = 0;

  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), "cairn-bench-browser-"));
    const { server, display } = await startDisplay();
    const chromium = spawn(
      "chromium",
      [
        "--remote-debugging-port=0",
        `--user-data-dir=${browser.profile}`,
        `--window-size=${WIDTH},${HEIGHT}`,
        "--window-position=0,0",
        "--kiosk",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "about:blank",
      ],
      { env: { ...process.env, DISPLAY: display }, stdio: "ignore" },
    );
    browser.#children = [chromium, server];
    // However this program ends, they do.
    process.once("exit", () =>
      browser.#children.forEach((child) => child.kill()),
    );
    const port = await until("Chromium", () =>
      readFileSync(join(browser.profile, "DevToolsActivePort"), "utf8"),
    );
    browser.base = `http://127.0.0.1:${port.split("\n")[0]}`;
    await browser.#attach();
    return browser;
  }

  async #attach() {
    const page = await until("a page", async () => {
      const pages = await (await fetch(`${this.base}/json/list`)).json();
      return pages.find(({ type }) => type === "page");
    });
    this.#socket = new WebSocket(page.webSocketDebuggerUrl);
    await new Promise((done) =>
      this.#socket.addEventListener("open", done, { once: true }),
    );
    this.#socket.addEventListener("message", ({ data }) => {
      const { id, result, error, method, params } = JSON.parse(data);
      if (method === "Fetch.requestPaused") return void this.#answer(params);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.failed(new Error(error.message));
      else waiting?.done(result);
    });
    this.#socket.addEventListener("close", () => {
      for (const { failed } of this.#waiting.values())
        failed(new Error("the page was closed"));
    });
    await this.send("Page.enable");
    this.version = (
      await (await fetch(`${this.base}/json/version`)).json()
    ).Browser;
  }

  send(method, params = {}) {
    const id = ++this.#number;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((done, failed) =>
      this.#waiting.set(id, { done, failed }),
    );
  }

  /** The value of an expression in the page; promises are waited for. */
  async ask(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails)
      throw new Error(
        exceptionDetails.exception?.description ?? exceptionDetails.text,
      );
    return result.value;
  }

  /** Opens an address, with `source` run in the page before anything else. */
  async open(address, source) {
    if (this.before)
      await this.send("Page.removeScriptToEvaluateOnNewDocument", {
        identifier: this.before,
      });
    this.before = (
      await this.send("Page.addScriptToEvaluateOnNewDocument", { source })
    ).identifier;
    await this.send("Page.navigate", { url: address });
  }

  /** Has the pages of `cairn design` made of the files in this folder from now on, instead of those in the program. */
  async serve(folder) {
    this.files = folder;
    const patterns = [
      // The address with the token leads to this one.
      { urlPattern: "http://*/", requestStage: "Response" },
      { urlPattern: "*/assets/*" },
    ];
    await this.send("Fetch.enable", { patterns });
  }

  async #answer({ requestId, request, responseHeaders, responseStatusCode }) {
    const { pathname } = new URL(request.url);
    const isPage = pathname === "/";
    try {
      if (isPage && responseStatusCode !== 200)
        return await this.send("Fetch.continueResponse", { requestId });
      const file = join(this.files, isPage ? "designer.html" : pathname);
      const type = TYPES[file.split(".").pop()] ?? "application/octet-stream";
      await this.send("Fetch.fulfillRequest", {
        requestId,
        responseCode: 200,
        body: readFileSync(file).toString("base64"),
        responseHeaders: isPage
          ? responseHeaders
              .filter(({ name }) => !/^content-/i.test(name))
              .concat({ name: "content-type", value: type })
          : [{ name: "content-type", value: type }],
      });
    } catch {
      // Other pages have files of their own.
      await this.send("Fetch.continueRequest", { requestId }).catch(() => {});
    }
  }

  mouse(type, x, y, buttons = 0) {
    const button = buttons || type === "mouseReleased" ? "left" : "none";
    return this.send("Input.dispatchMouseEvent", {
      type,
      x,
      y,
      button,
      buttons,
      clickCount: type === "mouseMoved" ? 0 : 1,
    });
  }

  async click(x, y) {
    await this.mouse("mouseMoved", x, y);
    await this.mouse("mousePressed", x, y, 1);
    await this.mouse("mouseReleased", x, y);
  }

  /** Presses a key; `modifiers` as CDP counts them (1 Alt, 2 Control, 8 Shift). */
  async key(key, code, windowsVirtualKeyCode, modifiers = 0) {
    const pressed = { key, code, windowsVirtualKeyCode, modifiers };
    await this.send("Input.dispatchKeyEvent", {
      type: "rawKeyDown",
      ...pressed,
    });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...pressed });
  }

  /**
   * Drags from a place along `path(t)` (t in seconds, the way from that place), 125 times a second as a mouse does, whether
   * the page follows or not. Answers the times between the frames that it drew meanwhile, in ms.
   */
  async drag(x, y, seconds, path) {
    await this.mouse("mouseMoved", x, y);
    await this.mouse("mousePressed", x, y, 1);
    await this.mouse("mouseMoved", x + 5, y + 5, 1);
    await pause(250);
    await this.ask("bench.frames.begin()");
    const begun = performance.now();
    for (let t = 0; t < seconds; t = (performance.now() - begun) / 1000) {
      const [dx, dy] = path(t);
      void this.mouse("mouseMoved", x + dx, y + dy, 1).catch(() => {});
      await pause(8);
    }
    const frames = await this.ask("bench.frames.end()");
    await this.mouse("mouseReleased", x, y);
    await pause(300);
    return frames;
  }

  /** The processes of the browser that draw pages. */
  async renderers() {
    const { processInfo } = await this.#ofBrowser("SystemInfo.getProcessInfo");
    return processInfo
      .filter(({ type }) => type === "renderer")
      .map(({ id }) => id);
  }

  async #ofBrowser(method) {
    const { webSocketDebuggerUrl } = await (
      await fetch(`${this.base}/json/version`)
    ).json();
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((done) =>
      socket.addEventListener("open", done, { once: true }),
    );
    const answer = new Promise((done) => {
      socket.addEventListener(
        "message",
        ({ data }) => done(JSON.parse(data).result),
        { once: true },
      );
    });
    socket.send(JSON.stringify({ id: 1, method }));
    const result = await answer;
    socket.close();
    return result;
  }

  async close() {
    const ended = this.#children.map(
      (child) => new Promise((done) => child.once("exit", done)),
    );
    for (const child of this.#children) child.kill();
    await Promise.race([Promise.all(ended), pause(5000)]);
    // The browser's last processes may still write.
    await until("the browser's folder to go", () => {
      rmSync(this.profile, { recursive: true, force: true });
      return true;
    });
  }
}
