import type { Field, RunView } from "../../platform";
import { asText } from "../inspector/property";
import type { DrawnFlow } from "../state/flow.svelte";

/** A stream that can be looked at: what an outlet delivers. */
export interface StreamEntry {
  component: string;
  outlet: string;
  title: string;
}

/** A record of the first ones of a stream, with its number from 0. */
export interface NumberedRow {
  row: Record<string, unknown>;
  index: number;
}

/** Every outlet that has delivered in a run, in the order of the flow. */
export function streamsOf(flow: DrawnFlow, run: RunView | undefined): StreamEntry[] {
  if (!run) return [];
  return Object.keys(flow.document.components).flatMap((component) =>
    Object.keys(run.components[component]?.outlets ?? {}).map((outlet) => entryOf(flow, component, outlet)),
  );
}

/** The streams of what is chosen: of a link its own; of a component what arrives and what leaves; else all of the flow. */
export function streamsAt(flow: DrawnFlow): StreamEntry[] {
  const link = flow.selectedLink ? flow.linksById.get(flow.selectedLink) : undefined;
  if (link) return [entryOf(flow, link.from.component, link.from.port)];
  const chosen = [...flow.selected];
  const components = chosen.length > 0 ? chosen : Object.keys(flow.document.components);
  const seen = new Map<string, StreamEntry>();
  const add = (component: string, outlet: string): void => {
    const entry = entryOf(flow, component, outlet);
    seen.set(`${component} ${outlet}`, entry);
  };
  for (const id of components) {
    if (chosen.length > 0) for (const { from } of flow.incoming(id)) add(from.component, from.port);
    for (const { name } of flow.views[id]?.ports.outlets ?? [])
      if (flow.fieldsOf(id, name) && (name === "out" || flow.outgoing(id).some(({ from }) => from.port === name)))
        add(id, name);
  }
  return [...seen.values()];
}

function entryOf(flow: DrawnFlow, component: string, outlet: string): StreamEntry {
  const name = flow.component(component)?.name ?? component;
  return { component, outlet, title: outlet === "out" ? name : `${name} · ${outlet}` };
}

/** The records in which a text occurs, whatever the field. */
export function matching(rows: readonly Record<string, unknown>[], wanted: string): NumberedRow[] {
  const text = wanted.trim().toLowerCase();
  const numbered = rows.map((row, index) => ({ row, index }));
  if (!text) return numbered;
  return numbered.filter(({ row }) => Object.values(row).some((value) => asText(value).toLowerCase().includes(text)));
}

/** Records as spreadsheets take them: a line each, values between tabs, in quotes where they need them. */
export function asTabSeparated(fields: readonly Field[], rows: readonly Record<string, unknown>[]): string {
  const quoted = (text: string): string => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const line = (values: string[]): string => values.map(quoted).join("\t");
  const names = fields.map(({ name }) => name);
  return [line(names), ...rows.map((row) => line(names.map((name) => asText(row[name]))))].join("\n");
}
