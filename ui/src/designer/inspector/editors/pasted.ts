/** A table copied from a spreadsheet, as rows of cells; undefined for what is a single value. */
export function pastedTable(text: string): string[][] | undefined {
  const rows = cellsOf(text.replaceAll("\r\n", "\n").replace(/\n$/, ""));
  return rows.length > 1 || (rows[0]?.length ?? 0) > 1 ? rows : undefined;
}

/** Cells are separated by tabs; those with tabs, line breaks or quotes in them stand in quotes. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^\t\n]*))(\t|\n|$)/y;
  for (let at = 0; at <= text.length;) {
    cell.lastIndex = at;
    const found = cell.exec(text);
    // A quote that nothing closes is a quote.
    const [, quoted, plain, end] = found ?? [undefined, undefined, text.slice(at), ""];
    rows.at(-1)?.push(quoted !== undefined ? quoted.replaceAll('""', '"') : (plain ?? ""));
    if (end === "\n") rows.push([]);
    if (!found || end === "") break;
    at = cell.lastIndex;
  }
  return rows;
}
