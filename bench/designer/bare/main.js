// The library alone: the same components at the same places, drawn as one label each, and the same links.
// `?count=1000&width=900&height=600` says how many, and how large the canvas is.

import { mount } from "svelte";
import Bare from "./Bare.svelte";

const query = new URLSearchParams(location.search);
const number = (name) => Number(query.get(name));
const target = document.getElementById("place");
target.style.cssText = `width: ${number("width")}px; height: ${number("height")}px`;
document.getElementById("open").addEventListener("click", () => {
  mount(Bare, { target, props: { count: number("count") } });
});
