import { designer } from "../designer.svelte";
import type { Action } from "./action";

/** Getting to know Cairn. */
export const help = {
  "failover-tour": { label: "Failover tour…", do: () => designer.window.open({ kind: "tour" }) },
  shortcuts: {
    label: "Keyboard shortcuts",
    keys: "?",
    where: "outside-text",
    do: () => designer.window.open({ kind: "shortcuts" }),
  },
  about: { label: "About Cairn", do: () => designer.window.open({ kind: "about" }) },
} satisfies Record<string, Action>;
