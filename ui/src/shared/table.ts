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
}
