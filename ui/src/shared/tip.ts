import type { Attachment } from "svelte/attachments";

/** Shows `text` beside an element while the pointer rests on it or the keyboard stands on it. */
export function tip(text: string | undefined, keys?: string): Attachment<HTMLElement> {
  return (element) => {
    if (!text) return;
    let timer: number | undefined;
    let bubble: HTMLElement | undefined;

    const hide = (): void => {
      window.clearTimeout(timer);
      bubble?.remove();
      bubble = undefined;
    };
    const show = (): void => {
      hide();
      bubble = draw(text, keys);
      document.body.append(bubble);
      place(bubble, element);
    };
    const enter = (): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(show, 450);
    };
    const focus = (): void => {
      if (element.matches(":focus-visible")) enter();
    };
    element.addEventListener("pointerenter", enter);
    element.addEventListener("pointerleave", hide);
    element.addEventListener("pointerdown", hide);
    element.addEventListener("focus", focus);
    element.addEventListener("blur", hide);
    return () => {
      hide();
      element.removeEventListener("pointerenter", enter);
      element.removeEventListener("pointerleave", hide);
      element.removeEventListener("pointerdown", hide);
      element.removeEventListener("focus", focus);
      element.removeEventListener("blur", hide);
    };
  };
}

function draw(text: string, keys: string | undefined): HTMLElement {
  const bubble = document.createElement("div");
  bubble.className = "tip";
  bubble.setAttribute("role", "tooltip");
  bubble.textContent = text;
  if (keys) {
    const hint = document.createElement("kbd");
    hint.textContent = keys;
    bubble.append(hint);
  }
  return bubble;
}

/** Below the element where there is room, else above; never outside the window. */
function place(bubble: HTMLElement, element: HTMLElement): void {
  const at = element.getBoundingClientRect();
  const size = bubble.getBoundingClientRect();
  const below = at.bottom + 6 + size.height < window.innerHeight;
  const left = Math.min(Math.max(6, at.left + at.width / 2 - size.width / 2), window.innerWidth - size.width - 6);
  bubble.style.left = `${left}px`;
  bubble.style.top = `${below ? at.bottom + 6 : at.top - size.height - 6}px`;
}
