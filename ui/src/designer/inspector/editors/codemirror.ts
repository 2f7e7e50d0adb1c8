import {
  autocompletion,
  closeBrackets,
  completionKeymap,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import type { Field } from "../../../platform";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder, tooltips } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** What an expression may name: fields of the inlet, flow variables. */
export interface ExpressionNames {
  fields: Field[];
  variables: string[];
}

/** Functions that are offered while typing; there are more. */
const functions = (
  "abs avg cast ceil char_length coalesce concat concat_ws count date_part date_trunc floor initcap left lower lpad " +
  "ltrim max min now nullif regexp_like regexp_replace replace right round rpad rtrim split_part starts_with strpos " +
  "substr sum to_date to_timestamp trim upper"
).split(" ");

const look = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent-text)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--family-checkpoint)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--family-database)" },
  { tag: tags.comment, color: "var(--ink-faint)" },
  { tag: [tags.special(tags.name), tags.typeName], color: "var(--family-transform)" },
]);

const theme = EditorView.theme({
  "&": { fontSize: "12px", backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "18px", overflow: "auto" },
  ".cm-content": { padding: "4px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft)",
  },
  ".cm-placeholder": { color: "var(--ink-ghost)" },
  ".cm-tooltip": {
    border: "1px solid var(--line)",
    borderRadius: "6px",
    backgroundColor: "var(--surface-raised)",
    boxShadow: "var(--shadow-float)",
    overflow: "hidden",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", fontSize: "12px", maxHeight: "180px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", lineHeight: "18px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-soft)",
    color: "var(--ink)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
  ".cm-completionDetail": { marginLeft: "10px", color: "var(--ink-faint)", fontStyle: "normal" },
  ".cm-completionIcon": { display: "none" },
});

/** An editor of SQL expressions. `oneLine` ones take no line breaks. */
export function expressionExtensions(options: {
  label: string;
  describedBy: string;
  hint: string;
  oneLine: boolean;
  names: () => ExpressionNames;
  onchange: (text: string) => void;
  onfocus: () => void;
  onblur: () => void;
}): Extension[] {
  return [
    history(),
    closeBrackets(),
    sql({ dialect: PostgreSQL, upperCaseKeywords: true }),
    autocompletion({ override: [(context) => complete(context, options.names())], icons: false }),
    syntaxHighlighting(look),
    theme,
    options.oneLine ? EditorState.transactionFilter.of((change) => (change.newDoc.lines > 1 ? [] : change)) : [],
    EditorView.lineWrapping,
    // Completions must not be cut off by the inspector.
    tooltips({ parent: document.body }),
    keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
    placeholder(options.hint),
    EditorView.contentAttributes.of({
      "aria-label": options.label,
      "aria-describedby": options.describedBy,
      spellcheck: "false",
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.onchange(update.state.doc.toString());
    }),
    EditorView.domEventHandlers({ focus: options.onfocus, blur: options.onblur }),
  ];
}

function complete(context: CompletionContext, names: ExpressionNames): CompletionResult | null {
  const word = context.matchBefore(/[$\w]+/);
  if (!word && !context.explicit) return null;
  const offered: Completion[] = [
    ...names.fields.map(({ name, type }) => ({
      label: name,
      apply: /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`,
      detail: type,
      boost: 3,
    })),
    ...names.variables.map((name) => ({ label: `$${name}`, detail: "flow variable", boost: 2 })),
    ...functions.map((name) => ({ label: name, apply: `${name}(`, detail: "function" })),
  ];
  return { from: word?.from ?? context.pos, options: offered, validFor: /^[$\w]*$/ };
}
