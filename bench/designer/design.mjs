// `cairn design` on a project.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts it with fresh settings; `started` is how long it took until it could be opened, in ms, `optimised` whether it says that it is an optimised build. */
export async function design(cairn, project) {
  const config = mkdtempSync(join(tmpdir(), "cairn-bench-config-"));
  const begun = performance.now();
  const program = spawn(
    cairn,
    ["design", "--json", "--config", config, project],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const line = await new Promise((done, failed) => {
    let text = "";
    program.stdout.on("data", (part) => {
      text += part;
      if (text.includes("\n")) done(text);
    });
    program.once("exit", () => failed(new Error("cairn design ended")));
    program.once("error", failed);
  });
  process.once("exit", () => program.kill());
  const started = performance.now() - begun;
  const { address, optimised } = JSON.parse(line);
  return {
    address,
    optimised,
    started,
    pid: program.pid,
    async close() {
      const ended = new Promise((done) => program.once("exit", done));
      program.kill();
      await ended;
      rmSync(config, { recursive: true, force: true });
    },
  };
}

/** The memory of a process that is its own, and its share of what it has with others, in MB. */
export function memory(pid) {
  const found = /^Pss:\s+(\d+) kB/m.exec(
    readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"),
  );
  return Number(found[1]) / 1024;
}
