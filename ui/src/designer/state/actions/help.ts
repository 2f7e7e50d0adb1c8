import { designer } from "../designer.svelte";
import type { Action } from "./action";

/** Getting to know Cairn. */
export const help = {
  "failover-tour": { label: "Failover tour…", do: () => designer.window.open({ kind: "tour" }) },
  commands: {
    label: "All commands…",
    keys: "Ctrl+Shift+P",
    do: () => designer.window.open({ kind: "commands" }),
  },
  shortcuts: {
    label: "Keyboard shortcuts",
    keys: "?",
    where: "outside-text",
    do: () => designer.window.open({ kind: "shortcuts" }),
  },
  about: { label: "About Cairn", do: () => designer.window.open({ kind: "about" }) },
} satisfies Record<string, Action>;
