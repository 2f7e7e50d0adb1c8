import type { Field, JsonValue, PropertyKind } from "../../../platform";
import { identifier, type CodeNames } from "./languages";

type Row = Record<string, unknown>;

/** A column of a list of records. */
export interface RowColumn {
  key: string;
  title: string;
  kind: "text" | "expression" | "choice";
  /** Share of the width, as CSS has it. */
  width: string;
  hint?: string;
  choices?: string[];
  /** Texts that are offered while typing. */
  offered?: string[];
  /** Which inlet's fields an expression may name, from 0; those of all when not given. */
  inlet?: number;
  /** Left out of the record when empty. */
  optional?: boolean;
  /** The value behind what was typed, where that is not the text itself. */
  parse?: (text: string, row: Row) => unknown;
}

/** How a list of records is edited. */
export interface RowsLook {
  /** What a row is. */
  word: string;
  columns: RowColumn[];
  /** Whether the order matters, so that rows can be moved. */
  ordered: boolean;
  /** A new row. */
  fresh: (rows: readonly Row[]) => Row;
  /** The fields that arrive and have no row yet, where rows can be made of fields. */
  offered?: (names: CodeNames, rows: readonly Row[]) => Field[];
  /** The row that takes over a field. */
  taken?: (field: Field) => Row;
  /** Whether the types of the expressions stand beside them. */
  typed?: boolean;
}

const mapping: RowsLook = {
  word: "field",
  ordered: true,
  columns: [
    { key: "field", title: "Field", kind: "text", width: "minmax(0, 2fr)", hint: "name" },
    { key: "expression", title: "Expression", kind: "expression", width: "minmax(0, 3fr)", hint: "SQL" },
  ],
  fresh: () => ({ field: "", expression: "" }),
  typed: true,
  offered: ({ fields }, rows) => {
    const taken = new Set(rows.map((row) => row["field"]));
    return fields.filter(({ name }) => !taken.has(name));
  },
  taken: ({ name }) => ({ field: name, expression: identifier(name) }),
};

const branches: RowsLook = {
  word: "outlet",
  ordered: true,
  columns: [
    { key: "outlet", title: "Outlet", kind: "text", width: "minmax(0, 2fr)", hint: "name" },
    { key: "condition", title: "Condition", kind: "expression", width: "minmax(0, 3fr)", hint: "SQL" },
  ],
  fresh: (rows) => ({ outlet: `branch${rows.length + 1}`, condition: "" }),
};

const pairs: RowsLook = {
  word: "entry",
  ordered: false,
  columns: [
    { key: "name", title: "Name", kind: "text", width: "minmax(0, 2fr)", hint: "name" },
    { key: "value", title: "Value", kind: "text", width: "minmax(0, 3fr)", hint: "value" },
  ],
  fresh: () => ({ name: "", value: "" }),
};

const inputs: RowsLook = {
  word: "input",
  ordered: true,
  columns: [
    { key: "name", title: "Name", kind: "text", width: "minmax(0, 3fr)", hint: "name" },
    {
      key: "type",
      title: "Type",
      kind: "choice",
      width: "84px",
      choices: ["Text", "Integer", "Number", "Boolean"],
    },
    {
      key: "default",
      title: "Default",
      kind: "text",
      width: "minmax(0, 3fr)",
      hint: "required",
      optional: true,
      parse: (text, row) => inputValue(text, row["type"]),
    },
  ],
  fresh: () => ({ name: "", type: "Text" }),
};

const sortKeys: RowsLook = {
  word: "key",
  ordered: true,
  columns: [
    { key: "expression", title: "Sort by", kind: "expression", width: "minmax(0, 3fr)", hint: "field or SQL" },
    { key: "order", title: "Order", kind: "choice", width: "108px", choices: ["Ascending", "Descending"] },
  ],
  fresh: () => ({ expression: "", order: "Ascending" }),
};

const joinKeys: RowsLook = {
  word: "pair",
  ordered: false,
  columns: [
    { key: "left", title: "Left", kind: "expression", width: "minmax(0, 1fr)", hint: "field or SQL", inlet: 0 },
    { key: "right", title: "Right", kind: "expression", width: "minmax(0, 1fr)", hint: "field or SQL", inlet: 1 },
  ],
  fresh: () => ({ left: "", right: "" }),
};

/** How fields are declared in documents. */
const types = [
  "Text",
  "Integer",
  "Number",
  "Decimal(18,2)",
  "Boolean",
  "Date",
  "Time",
  "Timestamp",
  "TimestampTz",
].concat(["Bytes", "List<Text>", "Record<name Text>"]);

const whole = (text: string): unknown => (/^\d+$/.test(text.trim()) ? Number(text) : text);
const columnName: RowColumn = { key: "name", title: "Column", kind: "text", width: "minmax(0, 1fr)", hint: "name" };
const columnType: RowColumn = {
  key: "type",
  title: "Type",
  kind: "text",
  width: "minmax(0, 1fr)",
  hint: "Text",
  offered: types,
};

const columns: RowsLook = {
  word: "column",
  ordered: true,
  columns: [columnName, columnType],
  fresh: () => ({ name: "", type: "Text" }),
  offered: ({ fields }, rows) => (rows.length > 0 ? [] : fields),
  taken: ({ name }) => ({ name, type: "Text" }),
};

const fixedColumns: RowsLook = {
  word: "column",
  ordered: true,
  columns: [
    columnName,
    columnType,
    { key: "start", title: "Start", kind: "text", width: "52px", hint: "next", optional: true, parse: whole },
    { key: "length", title: "Length", kind: "text", width: "56px", hint: "n", parse: whole },
  ],
  fresh: () => ({ name: "", type: "Text", length: 10 }),
};

/** What was typed for an input, as a value of its type; the text itself where it does not fit, or would be rounded. */
export function inputValue(text: string, type: unknown): JsonValue {
  if (type === "Boolean" && (text === "true" || text === "false")) return text === "true";
  if ((type !== "Integer" && type !== "Number") || text.trim() === "") return text;
  const number = Number(text);
  const rounded = type === "Integer" && Number.isInteger(number) && !Number.isSafeInteger(number);
  return Number.isFinite(number) && !rounded ? number : text;
}

/** How a property's list of records is edited; undefined where it is not one. */
export function rowsLook(kind: PropertyKind): RowsLook | undefined {
  if (kind.kind === "columns") return kind.fixed ? fixedColumns : columns;
  return { mapping, branches, pairs, inputs, sortKeys, joinKeys }[kind.kind as "mapping"];
}
