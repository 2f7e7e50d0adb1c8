// Builds the page with the library alone, out of the packages of the user interface, and serves it.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const packages = join(here, "../../ui/node_modules");
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
};

/** Serves the page in the folder `page`, built with the packages in `from`. */
export async function serveBare(page = "bare", from = packages) {
  const folder = mkdtempSync(join(tmpdir(), "cairn-bench-bare-"));
  cpSync(join(here, page), folder, { recursive: true });
  cpSync(join(here, "grid.mjs"), join(folder, "grid.mjs"));
  symlinkSync(from, join(folder, "node_modules"));
  const svelte = page === "bare";
  writeFileSync(
    join(folder, "vite.config.mjs"),
    svelte
      ? 'import { svelte } from "@sveltejs/vite-plugin-svelte";\nexport default { plugins: [svelte()], base: "./" };\n'
      : 'export default { base: "./" };\n',
  );
  execFileSync(join(packages, ".bin/vite"), ["build", "--logLevel", "error"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const server = createServer((request, reply) => {
    const path = normalize(
      new URL(request.url, "http://bare").pathname,
    ).replace(/\/$/, "/index.html");
    try {
      const content = readFileSync(join(folder, "dist", path));
      reply
        .writeHead(200, {
          "content-type": types[extname(path)] ?? "application/octet-stream",
        })
        .end(content);
    } catch {
      reply.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
