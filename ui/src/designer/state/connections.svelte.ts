import {
  CallError,
  platform,
  type ConnectionKind,
  type DatabaseTable,
  type ConnectionAnswer,
  type ConnectionDetails,
  type ProjectView,
} from "../../platform";

/** How something that was asked of a connection stands. */
export type Asked<T> = { state: "asking" } | { state: "answered"; answer: T } | { state: "failed"; problem: CallError };

/** What is known about the connections of the project beside their names and addresses. */
export class Connections {
  kinds = $state.raw<ConnectionKind[]>([]);
  /** The tables of each connection whose schema was read. */
  schemas = $state.raw<Record<string, Asked<DatabaseTable[]>>>({});

  async start(): Promise<void> {
    this.kinds = (await platform.call("connection_kinds", {})).kinds;
  }

  kind(name: string | undefined): ConnectionKind | undefined {
    return this.kinds.find(({ kind }) => kind === name);
  }

  look(name: string): Promise<ConnectionDetails> {
    return platform.call("connection_view", { name });
  }

  async test(name: string): Promise<Asked<ConnectionAnswer>> {
    return answered(() => platform.call("connection_test", { name }));
  }

  /** Reads the tables of a connection's database anew. */
  async readSchema(name: string): Promise<void> {
    this.schemas = { ...this.schemas, [name]: { state: "asking" } };
    const found = await answered(async () => (await platform.call("connection_schema", { name })).tables);
    this.schemas = { ...this.schemas, [name]: found };
  }

  /** The tables of a connection, as far as they were read. */
  schemaOf(name: string): DatabaseTable[] | undefined {
    const known = this.schemas[name];
    return known?.state === "answered" ? known.answer : undefined;
  }

  /** Deletes a connection; answers the project without it. */
  async remove(name: string): Promise<ProjectView> {
    const project = await platform.call("connection_delete", { name });
    this.forget(name);
    return project;
  }

  /** The connection was changed: what it leads to is unknown again. */
  forget(name: string): void {
    this.schemas = Object.fromEntries(Object.entries(this.schemas).filter(([known]) => known !== name));
  }
}

async function answered<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { state: "answered", answer: await ask() };
  } catch (thrown) {
    return { state: "failed", problem: CallError.from(thrown) };
  }
}
