import { acceptCompletion, autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { nextDiagnostic, previousDiagnostic, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { EditorState, type Extension, type TransactionSpec } from "@codemirror/state";
import { EditorView, keymap, placeholder, tooltips } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Diagnostic } from "../../../platform";
import { complete, languageSupport, type CodeLanguage, type CodeNames } from "./languages";
import { signatureHelp } from "./signature";

const look = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword, tags.controlKeyword], color: "var(--accent-text)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--family-checkpoint)" },
  { tag: [tags.number, tags.bool, tags.null], color: "color-mix(in oklab, var(--family-database), var(--ink) 12%)" },
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
    // Also over a dialog, which takes all clicks outside of itself.
    pointerEvents: "auto",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    maxWidth: "min(300px, 95vw)",
    maxHeight: "180px",
    fontFamily: "var(--font-mono)",
    fontSize: "12px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
    padding: "3px 8px",
    lineHeight: "18px",
    overflow: "hidden",
    textOverflow: "ellipsis",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-soft)",
    color: "var(--ink)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
  ".cm-completionDetail": { marginLeft: "10px", color: "var(--ink-faint)", fontStyle: "normal" },
  ".cm-completionIcon": { display: "none" },
  ".cm-tooltip.cm-completionInfo": {
    maxWidth: "320px",
    padding: "8px 10px",
    fontFamily: "var(--font-sans)",
    fontSize: "11.5px",
    lineHeight: "16px",
    overflow: "auto",
    maxHeight: "260px",
  },
  ".cm-completionInfo code": { fontFamily: "var(--font-mono)", fontSize: "11px", fontWeight: "600" },
  ".cm-completionInfo p": { margin: "4px 0" },
  ".cm-completionInfo li": { color: "var(--ink-quiet)" },
  ".cm-completionInfo li b": { fontFamily: "var(--font-mono)", fontWeight: "500", color: "var(--ink)" },
  ".cm-signature": {
    padding: "3px 8px",
    fontFamily: "var(--font-mono)",
    fontSize: "11px",
    lineHeight: "16px",
    color: "var(--ink-quiet)",
  },
  ".cm-signature strong": { color: "var(--accent-text)" },
  ".cm-lintRange-error": { background: "none", borderBottom: "2px dotted var(--danger)" },
  ".cm-lintRange-warning": { background: "none", borderBottom: "2px dotted var(--warning)" },
  ".cm-tooltip-lint": { padding: "0" },
  ".cm-diagnostic": {
    maxWidth: "340px",
    padding: "5px 9px",
    border: "0",
    fontFamily: "var(--font-sans)",
    fontSize: "11.5px",
    lineHeight: "16px",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)" },
});

/** An editor of code. `oneLine` ones take no line breaks. */
export function codeExtensions(options: {
  label: string;
  describedBy: string;
  hint: string;
  language: CodeLanguage;
  oneLine: boolean;
  names: () => CodeNames;
  onchange: (text: string) => void;
  onfocus: () => void;
  onblur: () => void;
  onpaste: (event: ClipboardEvent) => boolean;
}): Extension[] {
  return [
    history(),
    closeBrackets(),
    languageSupport(options.language),
    bracketMatching(),
    indentOnInput(),
    autocompletion({ override: [(context) => complete(context, options.language, options.names())], icons: false }),
    syntaxHighlighting(look),
    theme,
    options.oneLine ? EditorState.transactionFilter.of((change) => (change.newDoc.lines > 1 ? [] : change)) : [],
    EditorView.lineWrapping,
    options.language === "javascript" ? [] : signatureHelp(),
    // Completions must not be cut off by the inspector.
    tooltips({ parent: document.body }),
    keymap.of([
      { key: "Tab", run: acceptCompletion },
      { key: "F8", run: nextDiagnostic, shift: previousDiagnostic },
      ...completionKeymap,
      ...defaultKeymap,
      ...historyKeymap,
    ]),
    placeholder(options.hint),
    EditorView.contentAttributes.of({
      "aria-label": options.label,
      "aria-describedby": options.describedBy,
      spellcheck: "false",
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.onchange(update.state.doc.toString());
    }),
    EditorView.domEventHandlers({
      focus: options.onfocus,
      blur: options.onblur,
      paste: (event) => options.onpaste(event),
    }),
  ];
}

/** Marks in an editor what is wrong with its text, as far as it is known where. */
export function marking(state: EditorState, problems: readonly Diagnostic[]): TransactionSpec {
  const length = state.doc.length;
  const marks = problems.map(({ place, severity, message }): Mark => {
    const [from, to] = place.text?.range ?? [0, length];
    // What ends too early is marked at its last character.
    const begin = Math.min(from, Math.max(0, length - 1));
    return {
      from: begin,
      to: Math.max(begin, Math.min(to, length)),
      severity: severity === "hint" ? "info" : severity,
      message,
    };
  });
  return setDiagnostics(state, marks);
}
