// Where the components of a measured flow are: the same places in the designer and in the library alone.

export const CELL = { x: 240, y: 88 };
const SHAPE = 4 / 3;

/** Where component number `n` of `count` is, and its place in its row. */
export function place(n, count) {
  const columns = Math.max(
    1,
    Math.round(Math.sqrt((count * CELL.y * SHAPE) / CELL.x)),
  );
  const [column, row] = [n % columns, Math.floor(n / columns)];
  return { column, x: column * CELL.x, y: row * CELL.y };
}

/** An id as the designer draws them. */
export const idOf = (n, type = "mapper") =>
  `${type}-${n
    .toString(36)
    .padStart(6, "0")
    .replaceAll(/[^a-z0-9]/g, "0")}`;
