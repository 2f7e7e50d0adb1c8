import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder, tooltips } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { complete, languageSupport, type CodeLanguage, type CodeNames } from "./languages";

const look = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword, tags.controlKeyword], color: "var(--accent-text)" },
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
    // Also over a dialog, which takes all clicks outside of itself.
    pointerEvents: "auto",
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
