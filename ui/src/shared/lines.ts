/** The values of a line, point by point; null where nothing is known. */
export type Values = readonly (number | null)[];

/** The last point of a line; -1 if it has none. */
export const lastOf = (values: Values): number => values.findLastIndex((value) => value !== null);

/** The line through all points that have a value, in pieces where some have none. */
export function pathOf(values: Values, x: (at: number) => number, y: (value: number) => number): string {
  let path = "";
  let on = false;
  values.forEach((value, at) => {
    if (value === null) on = false;
    else {
      const next = values[at + 1];
      const alone = !on && (next === null || next === undefined);
      path += `${on ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}${alone ? "h0.01" : ""}`;
      on = true;
    }
  });
  return path;
}

/** The area under such a line. */
export function areaOf(values: Values, x: (at: number) => number, y: (value: number) => number): string {
  const pieces: number[][] = [];
  values.forEach((value, at) => {
    if (value === null) return;
    const last = pieces.at(-1);
    if (last && last.at(-1) === at - 1) last.push(at);
    else pieces.push([at]);
  });
  const ground = y(0).toFixed(1);
  return pieces
    .map((piece) => {
      const along = piece.map((at) => `${x(at).toFixed(1)} ${y(values[at] ?? 0).toFixed(1)}`).join("L");
      return `M${x(piece[0] ?? 0).toFixed(1)} ${ground}L${along}L${x(piece.at(-1) ?? 0).toFixed(1)} ${ground}Z`;
    })
    .join("");
}
