import { mount } from "svelte";
import "../tokens/index.css";
import "../shared/shared.css";
import "../shared/theme.svelte";
import App from "./App.svelte";

const target = document.getElementById("app");
if (target) mount(App, { target });
