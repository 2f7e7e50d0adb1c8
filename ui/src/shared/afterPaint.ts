/** Does something when what has changed by now is painted. Answers what calls it off. */
export function afterPaint(work: () => void): () => void {
  let later: number | undefined;
  const frame = requestAnimationFrame(() => (later = window.setTimeout(work)));
  return () => {
    cancelAnimationFrame(frame);
    window.clearTimeout(later);
  };
}
