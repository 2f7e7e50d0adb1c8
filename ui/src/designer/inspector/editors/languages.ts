import {
  snippetCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { javascript, scopeCompletionSource } from "@codemirror/lang-javascript";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import type { Extension } from "@codemirror/state";
import type { Field, SqlFunction } from "../../../platform";
import { sqlFunctions } from "./functions";

/** What code is written in: an SQL expression, a whole SQL query, or a script. */
export type CodeLanguage = "expression" | "sql" | "javascript";

/** A stream or a table of a database, with its fields. */
export interface NamedFields {
  name: string;
  fields: Field[];
}

/** What code may name. */
export interface CodeNames {
  /** The fields that arrive, whatever the inlet. */
  fields: Field[];
  /** The tables of a query: the inlets, or those of a database. */
  tables: NamedFields[];
  /** The flow variables, the inputs of the flow among them. */
  variables: NamedVariable[];
}

/** A flow variable. */
export interface NamedVariable {
  name: string;
  /** What it is: `input, Text`, or `flow variable`. */
  about: string;
}

const queryWords = "SELECT FROM WHERE GROUP BY ORDER BY HAVING JOIN LEFT JOIN ON AS WITH UNION ALL LIMIT DISTINCT CASE"
  .split(/ (?=[A-Z])/)
  .map((label): Completion => ({ label, apply: `${label} `, detail: "", boost: -1 }));

/** What the editor knows about a language. */
export function languageSupport(language: CodeLanguage): Extension {
  return language === "javascript" ? javascript() : sql({ dialect: PostgreSQL, upperCaseKeywords: true });
}

/** What is offered while typing. */
export async function complete(
  context: CompletionContext,
  language: CodeLanguage,
  names: CodeNames,
): Promise<CompletionResult | null> {
  if (language === "javascript") return completeScript(context, names);
  const column = language === "sql" ? context.matchBefore(/\w+\.\w*/) : null;
  const table = names.tables.find(({ name }) => column?.text.startsWith(`${name}.`));
  if (column && table)
    return { from: column.from + table.name.length + 1, options: fieldsOf(table.fields), validFor: /^\w*$/ };
  const word = context.matchBefore(/[$\w]+/);
  if (!word && !context.explicit) return null;
  const offered: Completion[] = [
    ...fieldsOf(names.fields),
    ...names.variables.map(({ name, about }) => ({ label: `$${name}`, detail: about, type: "variable", boost: 2 })),
    ...(await sqlFunctions()).filter(({ kind }) => kind === "scalar" || language === "sql").map(completionOf),
  ];
  if (language === "sql") {
    offered.push(...queryWords);
    for (const { name, fields } of names.tables) {
      offered.push({ label: name, apply: identifier(name), detail: "table", boost: 4 });
      if (fields !== names.fields) offered.push(...fieldsOf(fields, name));
    }
  }
  return { from: word?.from ?? context.pos, options: distinct(offered), validFor: /^[$\w]*$/ };
}

/** A function as it is offered: with its arguments, and what it does beside it. */
function completionOf(one: SqlFunction): Completion {
  const takesNothing = /\(\s*\)/.test(one.syntax);
  const open = one.syntax.indexOf("(");
  return {
    label: one.name,
    type: "function",
    detail: open < 0 ? "" : one.syntax.slice(open),
    apply: takesNothing ? `${one.name}()` : `${one.name}(`,
    info: () => aboutFunction(one),
  };
}

/** What a function does, and what its arguments are. */
function aboutFunction(one: SqlFunction): HTMLElement {
  const dom = document.createElement("div");
  const add = (tag: string, text: string, parent: HTMLElement = dom): HTMLElement => {
    const element = document.createElement(tag);
    element.textContent = text;
    parent.append(element);
    return element;
  };
  add("code", one.syntax);
  if (one.description) add("p", plainText(one.description.split(/\n\s*\n/, 1)[0] ?? ""));
  const list = document.createElement("ul");
  for (const { name, description } of one.arguments) {
    const entry = add("li", "", list);
    add("b", name, entry);
    entry.append(` ${plainText(description)}`);
  }
  if (one.arguments.length > 0) dom.append(list);
  return dom;
}

/** Markdown without its marks. */
function plainText(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[`*]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function completeScript(
  context: CompletionContext,
  { fields, variables }: CodeNames,
): Promise<CompletionResult | null> | null {
  const member = context.matchBefore(/(record|variables)\.\w*/);
  if (member) {
    const [object = ""] = member.text.split(".", 1);
    const options =
      object === "record"
        ? fields.map(({ name, type }) => ({ label: name, detail: type }))
        : variables.map(({ name, about }) => ({ label: name, detail: about }));
    return Promise.resolve({ from: member.from + object.length + 1, options, validFor: /^\w*$/ });
  }
  const word = context.matchBefore(/\w+/);
  if (!word && !context.explicit) return null;
  const known: Completion[] = [
    { label: "record", detail: "the record", boost: 3 },
    { label: "records", detail: "all records", boost: 3 },
    { label: "index", detail: "its number from 0", boost: 2 },
    { label: "variables", detail: "flow variables", boost: 2 },
    snippetCompletion("return { ...record, ${field}: ${value} };", { label: "return", detail: "the record, and more" }),
    snippetCompletion("console.log(${text});", { label: "console.log", detail: "to the request's log" }),
  ];
  const own = { from: word?.from ?? context.pos, options: known, validFor: /^\w*$/ };
  return Promise.resolve(scopeCompletionSource(scriptGlobals)(context)).then((found) =>
    found ? { ...own, options: [...known, ...found.options] } : own,
  );
}

/** What a script finds beside its own names. */
const scriptGlobals = { Math, JSON, Object, Array, String, Number, BigInt, Date, Map, Set, RegExp };

/** A name as SQL has it: in quotes where it is not plain. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function fieldsOf(fields: readonly Field[], table?: string): Completion[] {
  return fields.map(({ name, type }) => ({
    label: name,
    apply: identifier(name),
    type: "field",
    detail: table === undefined ? type : `${type} · ${table}`,
    boost: 3,
  }));
}

function distinct(offered: readonly Completion[]): Completion[] {
  const seen = new Set<string>();
  return offered.filter(({ label }) => !seen.has(label) && seen.add(label));
}
