import { mount } from "svelte";
import "../tokens/index.css";
import "../shared/shared.css";
import "../shared/theme.svelte";
import { settings } from "../platform/settings.svelte";

// What windows remember is known before the first of them is drawn: nothing jumps into its place.
await settings.start();
const { default: App } = await import("./App.svelte");
const target = document.getElementById("app");
if (target) mount(App, { target });
