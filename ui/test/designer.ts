/** The designer on a host that lives in the page: for looking at it without the real one. Never part of a build. */
import { usePlatform } from "../src/platform";
import { FixturePlatform } from "./host";

const options = new URLSearchParams(location.search);
const wanted = options.get("theme");
if (wanted) localStorage.setItem("cairn.theme", wanted);
localStorage.setItem("cairn.panel.open", options.has("panel") ? "yes" : "no");
const host = new FixturePlatform(options.get("project") !== "none", Number(options.get("size") ?? 0));
usePlatform(host);
await import("../src/designer/main");

// What the address asks for is done once the window stands: `?do=select:map,panel:run`.
const { designer } = await import("../src/designer/state/designer.svelte");
Object.assign(window, { host, designer });
const { act } = await import("../src/designer/state/actions");
await new Promise((done) => setTimeout(done, 300));
for (const step of (options.get("do") ?? "").split(",").filter(Boolean)) {
  const [what, value = ""] = step.split(":");
  if (what === "select") designer.active?.select([value]);
  else if (what === "link") designer.active?.select([], value);
  else if (what === "panel") designer.window.showPanel(value as "run");
  else if (what === "flow") await designer.openFlow(value);
  else if (what === "act") act(value as "run");
  else if (what === "wait") await new Promise((done) => setTimeout(done, Number(value)));
  else if (what === "focus") designer.active?.canvas?.focus();
  else if (what === "cursor" && designer.active) designer.active.cursor = value;
  else if (what === "dialog") designer.window.open(JSON.parse(atob(value)) as never);
  await new Promise((done) => setTimeout(done, 60));
}
document.body.dataset["ready"] = "yes";
