/** A column of a table. */
export interface TableColumn {
  /** Identity, for the cell snippet. */
  name: string;
  title: string;
  /** Numbers stand to the right. */
  right?: boolean;
  /** Ids and code are set in the mono face. */
  mono?: boolean;
  width?: string;
  /** Left out where there is little room: the last ones first, then the others. */
  spare?: "first" | "last";
}

/** What of a table's rows is chosen, to do something to all of it. */
export interface Choice<Row> {
  all: boolean;
  readonly some: boolean;
  has(row: Row): boolean;
  toggle(row: Row): void;
  /** Chooses from the row that was touched last up to this one. */
  reach(row: Row, rows: readonly Row[]): void;
  chooseAll(): void;
  clear(): void;
}
