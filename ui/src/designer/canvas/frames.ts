/**
 * Lets one move of the mouse a frame through to the page while a button is held, the last one. Some browsers send several, and
 * each would have the whole canvas laid out anew for a picture that nobody sees. Answers what ends it.
 */
export function oneMoveAFrame(): () => void {
  const stop = new AbortController();
  const options = { capture: true, signal: stop.signal };
  let frame: number | undefined;
  let held: MouseEvent | undefined;

  function letGo(): void {
    const event = held;
    held = undefined;
    event?.target?.dispatchEvent(new MouseEvent(event.type, event));
  }
  function next(): void {
    frame = held ? requestAnimationFrame(next) : undefined;
    letGo();
  }
  window.addEventListener(
    "mousemove",
    (event) => {
      if (!event.isTrusted || event.buttons === 0) return;
      if (frame === undefined) frame = requestAnimationFrame(next);
      else {
        held = event;
        event.stopImmediatePropagation();
      }
    },
    options,
  );
  // What a drag ends with comes after its last move.
  window.addEventListener("mouseup", letGo, options);
  return () => {
    stop.abort();
    if (frame !== undefined) cancelAnimationFrame(frame);
  };
}
