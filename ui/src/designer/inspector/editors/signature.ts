import { StateEffect, StateField, type EditorState, type Extension } from "@codemirror/state";
import { EditorView, showTooltip, type Tooltip } from "@codemirror/view";
import type { SqlFunction } from "../../../platform";
import { functionNamed, sqlFunctions } from "./functions";

const hide = StateEffect.define();

/** While an argument is typed: how the function is called that it belongs to, with that argument marked. */
export function signatureHelp(): Extension {
  void sqlFunctions();
  return [
    StateField.define<Tooltip | null>({
      create: () => null,
      update: (shown, change) => {
        if (change.effects.some((effect) => effect.is(hide))) return null;
        return change.docChanged || change.selection ? tooltipAt(change.state) : shown;
      },
      provide: (field) => showTooltip.from(field),
    }),
    EditorView.focusChangeEffect.of((_, focusing) => (focusing ? null : hide.of(null))),
  ];
}

function tooltipAt(state: EditorState): Tooltip | null {
  const { head, empty } = state.selection.main;
  const call = empty ? enclosingCall(state.sliceDoc(0, head)) : undefined;
  const called = call && functionNamed(call.name);
  if (!called) return null;
  return {
    pos: call.at,
    above: true,
    arrow: false,
    create: () => ({ dom: shown(called, call.argument) }),
  };
}

/** The call whose brackets the end of `text` is in, and which of its arguments stands there. */
export function enclosingCall(text: string): { name: string; at: number; argument: number } | undefined {
  let depth = 0;
  let argument = 0;
  const plain = text.replace(/'(?:[^']|'')*(?:'|$)|"[^"]*(?:"|$)/g, (quoted) => "_".repeat(quoted.length));
  for (let at = plain.length - 1; at >= 0; at--) {
    const c = plain[at];
    if (c === ")") depth++;
    else if (c === "," && depth === 0) argument++;
    else if (c === "(" && depth > 0) depth--;
    else if (c === "(") {
      const name = /[A-Za-z_]\w*$/.exec(plain.slice(0, at))?.[0];
      // Brackets without a name before them only group: the call is further out.
      if (name) return { name, at: at - name.length, argument };
      argument = 0;
    }
  }
  return undefined;
}

function shown(called: SqlFunction, argument: number): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-signature";
  const open = called.syntax.indexOf("(");
  const close = called.syntax.lastIndexOf(")");
  if (open < 0 || close < open) {
    dom.append(called.syntax);
    return dom;
  }
  const inside = called.syntax.slice(open + 1, close).split(/(,)/);
  dom.append(called.syntax.slice(0, open + 1));
  inside.forEach((part, index) => {
    const element = document.createElement(part !== "," && index / 2 === argument ? "strong" : "span");
    element.textContent = part;
    dom.append(element);
  });
  dom.append(called.syntax.slice(close));
  return dom;
}
