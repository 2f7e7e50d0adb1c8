import type { ConnectionKind } from "../src/platform";
import { CallError } from "../src/platform";

const text = (name: string, title: string, more = {}): ConnectionKind["fields"][number] => ({
  name,
  title,
  help: `The ${title.toLowerCase()} of the service.`,
  values: { kind: "text" },
  required: false,
  secret: false,
  ...more,
});

const kinds: ConnectionKind[] = [
  {
    kind: "sqlite",
    title: "SQLite",
    summary: "An SQLite database in a file",
    fields: [text("path", "Path", { required: true, help: "The file. Below `storage:` every server has it." })],
  },
  {
    kind: "postgres",
    title: "PostgreSQL",
    summary: "A PostgreSQL database",
    fields: [
      text("host", "Host", { required: true }),
      text("port", "Port", { values: { kind: "integer", min: 1, max: 65535 } }),
      text("database", "Database", { required: true }),
      text("user", "User", { required: true }),
      text("password", "Password", { secret: true }),
      text("tls", "TLS", {
        values: {
          kind: "choice",
          choices: [
            { value: "verify", title: "Verify the certificate" },
            { value: "disable", title: "Disable" },
          ],
        },
      }),
    ],
  },
  {
    kind: "http",
    title: "HTTP",
    summary: "A service that is called by HTTP",
    fields: [
      text("url", "URL", { required: true }),
      text("auth", "Authentication", {
        values: {
          kind: "choice",
          choices: [
            { value: "none", title: "None" },
            { value: "bearer", title: "Bearer token" },
          ],
        },
      }),
      text("token", "Token", { secret: true }),
    ],
  },
];

/** Connections that are there, answer after a moment, and keep no secret for long. */
export const connectionReplies = (project: () => unknown) => {
  const kept = new Set(["password"]);
  return {
    connection_kinds: () => ({ kinds }),
    connection_view: ({ name }: { name: string }) => ({
      connection:
        name === "shop"
          ? { name, kind: "http", settings: { url: "http://127.0.0.1:7499", auth: "bearer" } }
          : {
              name,
              kind: "postgres",
              settings: { host: "db.example.org", database: "warehouse", user: "cairn", tls: "verify" },
            },
      secrets: [...kept],
      problem: null,
    }),
    connection_save: () => project(),
    connection_delete: () => project(),
    connection_set_secret: ({ field, value }: { field: string; value: string | null }) => {
      if (value === null) kept.delete(field);
      else kept.add(field);
      return { secrets: [...kept] };
    },
    connection_test: async ({ name }: { name: string }) => {
      await new Promise((done) => setTimeout(done, 200));
      if (name === "shop")
        throw new CallError({ code: "http/cannot-connect", message: "127.0.0.1:7499 refused the connection." });
      return { took: 12.4, server: "PostgreSQL 15.4" };
    },
    connection_schema: () => ({
      tables: [
        {
          name: "orders",
          view: false,
          keys: ["order_id"],
          fields: [
            { name: "order_id", type: "bigint", nullable: false },
            { name: "customer", type: "text", nullable: true },
            { name: "total", type: "numeric(12,2)", nullable: true },
          ],
        },
        { name: "orders_by_day", view: true, keys: [], fields: [{ name: "day", type: "date", nullable: true }] },
      ],
    }),
  };
};
