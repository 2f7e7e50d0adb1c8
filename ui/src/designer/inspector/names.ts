import type { ComponentDescription, Field } from "../../platform";
import { linkPlace } from "../../shared/links";
import { designer } from "../state/designer.svelte";
import type { DrawnFlow } from "../state/flow.svelte";
import type { CodeNames, NamedFields, NamedVariable } from "./editors/languages";
import { asRecords, asText } from "./property";

/** What the expressions, queries and scripts of a component may name. */
export function namesFor(flow: DrawnFlow, id: string, description: ComponentDescription | undefined): CodeNames {
  const arriving = flow.fieldsInto(id).map(({ inlet, fields }) => ({ name: inlet, fields }));
  const seen = new Map<string, Field>();
  for (const { fields } of arriving) for (const field of fields) seen.set(field.name, field);
  return {
    fields: [...seen.values()],
    tables: databaseTables(flow, id, description) ?? arriving,
    variables: variablesAt(flow, id),
  };
}

/** The tables of the database that a component works on, once they have been read. */
function databaseTables(
  flow: DrawnFlow,
  id: string,
  description: ComponentDescription | undefined,
): NamedFields[] | undefined {
  const property = description?.properties.find(({ kind }) => kind.kind === "connection");
  const connection = property && asText(flow.component(id)?.properties[property.name]);
  return connection ? designer.connections.schemaOf(connection) : undefined;
}

/** The flow variables that are set where a component runs: the inputs, and those set on the way to it. */
function variablesAt(flow: DrawnFlow, id: string): NamedVariable[] {
  const start = Object.values(flow.document.components).find(({ type }) => type === "Start");
  const found = new Map<string, string>();
  for (const { name, type } of asRecords(start?.properties["Inputs"]))
    found.set(asText(name), `input, ${asText(type)}`);
  const behind = new Set<string>();
  const ahead = [id];
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    if (behind.has(at)) continue;
    behind.add(at);
    if (at !== id) for (const name of flow.views[at]?.sets ?? []) found.set(name, "flow variable");
    const parent = flow.component(at)?.parent;
    if (parent !== undefined) ahead.push(parent);
    for (const link of flow.incoming(at))
      if (linkPlace(flow.document, link) === "within") ahead.push(link.from.component);
  }
  found.delete("");
  return [...found].map(([name, about]) => ({ name, about }));
}
