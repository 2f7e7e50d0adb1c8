import { expect, test } from "vitest";
import type { Component, ComponentDescription, PropertyDescription } from "../../platform";
import { matters } from "./property";

const property = (
  name: string,
  value: unknown,
  shownWhen: PropertyDescription["shownWhen"] = [],
): PropertyDescription => ({
  name,
  title: name,
  help: "",
  kind: { kind: "text" },
  default: value as PropertyDescription["default"],
  required: false,
  shownWhen,
});
const csv = [{ property: "Format", values: ["Csv"] }];
const description = {
  properties: [
    property("Format", "Csv"),
    property("Header", true, csv),
    property("Layout", [], [{ property: "Format", values: ["FixedLength"] }]),
  ],
} as unknown as ComponentDescription;
const component = (properties: Component["properties"]): Component => ({ type: "FileRead", name: "Read", properties });
const shown = (properties: Component["properties"]): string[] =>
  description.properties.filter((one) => matters(one, component(properties), description)).map(({ name }) => name);

test("a setting is shown while the one that it depends on has a value that fits, set or by default", () => {
  expect(shown({})).toEqual(["Format", "Header"]);
  expect(shown({ Format: "FixedLength", Header: false })).toEqual(["Format", "Layout"]);
  expect(shown({ Format: "Bytes" })).toEqual(["Format"]);
});
