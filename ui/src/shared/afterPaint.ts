/** Does something when what has changed by now is painted. Answers what calls it off. */
export function afterPaint(work: () => void): () => void {
  let later: number | undefined;
  const frame = requestAnimationFrame(() => (later = window.setTimeout(work)));
  return () => {
    cancelAnimationFrame(frame);
    window.clearTimeout(later);
  };
}

/** When what has changed by now is painted. A window that is not drawn at the moment is not waited for. */
export function painted(): Promise<void> {
  return new Promise((done) => {
    const callOff = afterPaint(done);
    window.setTimeout(() => {
      callOff();
      done();
    }, 100);
  });
}
