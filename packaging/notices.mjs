// Writes who made the libraries that are part of the programs, and under which licences they are: those of Rust, as Cargo
// resolves them for this platform, and those of the user interface, as its lock file has them.
//   node packaging/notices.mjs > THIRD-PARTY
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = dirname(dirname(fileURLToPath(import.meta.url)));
const PROGRAMS = ["cairn", "cairn-designer"];

/** A library: its licence, who made it, and the texts that it brings along. */
function library(name, version, licence, authors, folder) {
  const isText = (file) => /^(licen[cs]e|copying|notice|copyright|unlicense|authors)/i.test(file);
  const files = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const texts = files
    .filter((file) => file.isFile() && isText(file.name))
    .map((file) => readFileSync(join(folder, file.name), "utf8").trim());
  if (!licence && texts.length === 0) throw new Error(`${name} ${version} names no licence and has no text of one`);
  return { name, version, licence: licence ?? "see its text", authors, texts };
}

function ofRust() {
  const asked = ["metadata", "--locked", "--format-version", "1", "--filter-platform", platform()];
  const told = execFileSync("cargo", asked, { cwd: source, maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
  const { packages, resolve, workspace_members: members } = JSON.parse(told);
  const byId = new Map(packages.map((one) => [one.id, one]));
  const nodes = new Map(resolve.nodes.map((one) => [one.id, one]));
  const found = new Set();
  const ahead = packages.filter(({ id, name }) => members.includes(id) && PROGRAMS.includes(name)).map(({ id }) => id);
  while (ahead.length > 0) {
    const id = ahead.pop();
    if (found.has(id)) continue;
    found.add(id);
    // What only builds or tests a program is no part of it.
    const parts = nodes.get(id).deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null));
    ahead.push(...parts.map(({ pkg }) => pkg));
  }
  return [...found]
    .filter((id) => !members.includes(id))
    .map((id) => byId.get(id))
    .filter(({ targets }) => !targets.every(({ kind }) => kind.includes("proc-macro") || kind.includes("custom-build")))
    .map((one) => library(one.name, one.version, one.license, one.authors, dirname(one.manifest_path)));
}

function platform() {
  const told = execFileSync("rustc", ["-vV"], { encoding: "utf8" });
  return /^host: (.*)$/m.exec(told)[1];
}

/** What the pages are bundled from: what their sources import, and what that needs. */
function ofTheUserInterface() {
  const { packages } = JSON.parse(readFileSync(join(source, "ui/package-lock.json"), "utf8"));
  const found = new Set();
  const ahead = [...imported(join(source, "ui/src"))].map((name) => `node_modules/${name}`);
  while (ahead.length > 0) {
    const path = ahead.pop();
    if (found.has(path) || packages[path] === undefined) continue;
    found.add(path);
    for (const name of Object.keys(packages[path].dependencies ?? {}))
      ahead.push(packages[`${path}/node_modules/${name}`] ? `${path}/node_modules/${name}` : `node_modules/${name}`);
  }
  return [...found].map((path) => {
    const folder = join(source, "ui", path);
    const { license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const by = typeof author === "string" ? author : author?.name;
    return library(nameOf(path), packages[path].version, license, by ? [by] : [], folder);
  });
}

/** The packages that the files in a folder import. */
function imported(folder) {
  // What a compiled component needs of Svelte, it imports by itself.
  const names = new Set(["svelte"]);
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || !/\.(ts|svelte|css)$/.test(file.name) || file.name.endsWith(".test.ts")) continue;
    const text = readFileSync(join(file.parentPath ?? file.path, file.name), "utf8");
    for (const [, name] of text.matchAll(/(?:from|import|@import)\s*\(?\s*"((?:@[\w.-]+\/)?[\w][\w.-]*)/g)) names.add(name);
  }
  return names;
}

const nameOf = (path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

const libraries = [...ofRust(), ...ofTheUserInterface()].sort((one, other) => one.name.localeCompare(other.name));
/** Each text once, with all that bring it along. */
const texts = new Map();
for (const one of libraries)
  for (const text of one.texts) {
    const same = text.replace(/\s+/g, " ");
    const known = texts.get(same) ?? { text, by: [] };
    known.by.push(`${one.name} ${one.version}`);
    texts.set(same, known);
  }

const lines = [
  "Cairn is under the MIT licence or the Apache License 2.0, as you choose. These libraries are part of its programs,",
  "under the licences named beside them; their texts follow below.",
  "",
  ...libraries.map(({ name, version, licence, authors, texts: its }) => {
    const by = authors.length > 0 ? `, by ${authors.join(", ")}` : "";
    return `${name} ${version}: ${licence}${by}${its.length > 0 ? "" : " (brings no text along)"}`;
  }),
];
for (const { text, by } of texts.values())
  lines.push("", "=".repeat(100), [...new Set(by)].join(", "), "=".repeat(100), "", text);
process.stdout.write(`${lines.join("\n")}\n`);
