/**
 * Lets an element keep one listener for the wheel, whoever adds and removes others: what was added last is called. The library
 * adds its own anew whenever the view moves, and with each that may prevent scrolling a browser goes through all that is drawn
 * in the element. Answers what ends it.
 */
export function oneWheelListener(element: HTMLElement): () => void {
  const { addEventListener: add, removeEventListener: remove } = element;
  let last: EventListener | undefined;
  const call = (event: Event): void => last?.call(element, event);

  element.addEventListener = (type: string, listener: EventListener, options?: AddEventListenerOptions): void => {
    if (type === "wheel") last = listener;
    else add.call(element, type, listener, options);
  };
  element.removeEventListener = (type: string, listener: EventListener, options?: EventListenerOptions): void => {
    if (type === "wheel" && listener === last) last = undefined;
    // One that was added before is the element's own.
    else remove.call(element, type, listener, options);
  };
  add.call(element, "wheel", call, { passive: false });
  return () => {
    remove.call(element, "wheel", call);
    Object.assign(element, { addEventListener: add, removeEventListener: remove });
  };
}
