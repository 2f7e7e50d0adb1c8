import type { Component } from "svelte";

/** An entry of a menu: something to do, a menu of its own, a heading, or a line between groups. */
export type MenuEntry =
  | {
      label: string;
      note?: string;
      icon?: Component<{ size?: number }>;
      keys?: string;
      disabled?: boolean;
      danger?: boolean;
      /** Set for entries of which one is chosen. */
      checked?: boolean;
      do: () => void;
    }
  | { label: string; entries: MenuEntry[] }
  | { heading: string }
  | "separator";
