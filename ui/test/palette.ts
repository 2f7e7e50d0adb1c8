import type { ComponentDescription, Family, Effect, PropertyDescription, PropertyKind } from "../src/platform";

const property = (
  name: string,
  kind: PropertyKind,
  help: string,
  more: Partial<PropertyDescription> = {},
): PropertyDescription => ({ name, title: name, help, kind, default: null, required: false, shownWhen: [], ...more });

const type = (
  kind: string,
  title: string,
  family: Family,
  icon: string,
  summary: string,
  properties: PropertyDescription[] = [],
  effect: Effect = "none",
): ComponentDescription => ({
  kind,
  title,
  family,
  icon,
  summary,
  help: `${summary}\n\n- Takes the stream of its inlet \`in\`.\n- Has an outlet \`error\` for **what to do** when it fails.`,
  properties,
  effect,
  saves: kind === "Checkpoint",
  line: "",
});

/** A palette like the real one. */
export const palette: ComponentDescription[] = [
  type("Start", "Start", "control", "play", "Where a request begins; its inputs are the first record.", [
    property(
      "OtherServerRetry",
      { kind: "boolean" },
      "Whether a survivor takes the request over when its server is lost.",
      { default: false },
    ),
    property(
      "BeginCheckpoint",
      {
        kind: "choice",
        choices: [
          { value: "NotUse", title: "Not use" },
          { value: "Use", title: "Use" },
        ],
      },
      "Saves the inputs of the request before anything runs, so that it can always be resumed from its start.",
      { default: "NotUse" },
    ),
    property("RetryCount", { kind: "integer", min: 0, max: 1000 }, "How many automatic attempts follow a failed one.", {
      default: 0,
    }),
    property("RetryInterval", { kind: "seconds", min: 0 }, "How long to wait before each of them.", { default: 10 }),
    property("Timeout", { kind: "seconds", min: 0 }, "How long one attempt may take."),
    property("Inputs", { kind: "inputs" }, "What a request of this flow can be given. Inputs become flow variables."),
  ]),
  type("End", "End", "control", "flag", "Ends a path; what arrives can be the reply.", [
    property("Reply", { kind: "boolean" }, "Whether the stream is the reply of the request.", { default: false }),
  ]),
  type("Branch", "Branch", "control", "split", "Chooses one outlet for the whole stream.", [
    property(
      "Branches",
      { kind: "branches" },
      "The outlets, in order of trial. The first whose condition holds is taken.",
      { required: true },
    ),
  ]),
  type("ForEach", "ForEach", "control", "repeat", "Runs its body for each record, or for a number of them.", [
    property("Size", { kind: "integer", min: 1, max: 1000000 }, "How many records an iteration gets.", { default: 1 }),
    property("Parallel", { kind: "integer", min: 1, max: 64 }, "How many iterations run at once.", { default: 1 }),
    property("Index", { kind: "text" }, "The flow variable that holds the number of the iteration, from 0."),
  ]),
  type("SubFlow", "SubFlow", "control", "workflow", "Runs another flow of the project.", [
    property("Flow", { kind: "flow" }, "The flow.", { required: true }),
    property("Inputs", { kind: "mapping" }, "Its inputs, each with an expression over the first record."),
  ]),
  type("SetVariable", "Set Variable", "control", "variable", "Sets flow variables.", [
    property("Variables", { kind: "mapping" }, "The variables, each with its expression.", { required: true }),
  ]),
  type("Wait", "Wait", "control", "hourglass", "Waits durably, without memory.", [
    property("Seconds", { kind: "seconds", min: 0 }, "How long.", { required: true }),
  ]),
  type("Fail", "Fail", "control", "octagon-x", "Fails the request.", [
    property("Message", { kind: "text" }, "Why, for people.", { required: true }),
    property("Retry", { kind: "boolean" }, "Whether retries apply.", { default: false }),
  ]),
  type("Checkpoint", "Checkpoint", "checkpoint", "milestone", "Saves its stream: what lies before never runs again."),
  type(
    "FileRead",
    "File Read",
    "file",
    "file-input",
    "Reads a CSV file.",
    [
      property("Path", { kind: "path" }, "The file. `storage:` is the checkpoint storage that all servers share.", {
        required: true,
      }),
      property("Header", { kind: "boolean" }, "Whether the first row names the fields.", { default: true }),
      property("Delimiter", { kind: "text" }, "What stands between two fields.", { default: "," }),
    ],
    "reads",
  ),
  type(
    "FileWrite",
    "File Write",
    "file",
    "file-output",
    "Writes a CSV file.",
    [property("Path", { kind: "path" }, "The file.", { required: true })],
    "changes",
  ),
  type("Mapper", "Mapper", "transform", "arrow-right-left", "Makes new fields from those that arrive.", [
    property("Fields", { kind: "mapping" }, "The fields that leave, each with its SQL expression.", { required: true }),
  ]),
  type("Filter", "Filter", "transform", "funnel", "Lets through the records for which a condition holds.", [
    property("Condition", { kind: "expression", condition: true }, "An SQL condition over the fields that arrive.", {
      required: true,
    }),
  ]),
  type("Sort", "Sort", "transform", "arrow-down-narrow-wide", "Puts records in order.", [
    property("Keys", { kind: "sortKeys" }, "By what, the most important first.", { required: true }),
  ]),
  type("Aggregate", "Aggregate", "transform", "sigma", "Makes one record of each group.", [
    property("Groups", { kind: "fields" }, "The fields that make a group."),
    property("Fields", { kind: "mapping" }, "What is made of each group.", { required: true }),
  ]),
  type("Join", "Join", "transform", "merge", "Puts records of two inlets side by side.", [
    property("Keys", { kind: "joinKeys" }, "What must be equal.", { required: true }),
  ]),
  type("Unnest", "Unnest", "transform", "list-tree", "Makes a record of each entry of a list.", [
    property("Field", { kind: "field" }, "The field with the lists.", { required: true }),
  ]),
  type("Sql", "SQL", "transform", "table-2", "A query over the inlets.", [
    property("Inlets", { kind: "names" }, "The inlets, each a table of the query.", { default: ["in"] }),
    property("Query", { kind: "sql" }, "The query.", { required: true }),
  ]),
  type("Parse", "Parse", "transform", "scan-text", "Reads records from a text.", [
    property("Columns", { kind: "columns", fixed: true }, "The columns.", { required: true }),
  ]),
  type("JavaScript", "JavaScript", "transform", "braces", "Makes records by a script.", [
    property("Script", { kind: "script" }, "The script.", { required: true }),
    property("Columns", { kind: "columns", fixed: false }, "The fields that leave, with their types."),
  ]),
  type(
    "FileDelete",
    "File Delete",
    "file",
    "file-x",
    "Deletes files.",
    [property("Path", { kind: "path" }, "The files.", { required: true })],
    "changes",
  ),
  type(
    "SqlGet",
    "SQL Get",
    "database",
    "database-zap",
    "Reads records from a database.",
    [
      property("Connection", { kind: "connection", kinds: ["sqlite"] }, "The database.", { required: true }),
      property("Query", { kind: "sql" }, "The query.", { required: true }),
    ],
    "reads",
  ),
  type(
    "SqlPut",
    "SQL Put",
    "database",
    "database",
    "Writes records into a table, all or none.",
    [
      property("Connection", { kind: "connection", kinds: ["sqlite"] }, "The database.", { required: true }),
      property("Table", { kind: "text" }, "The table.", { required: true }),
      property(
        "Mode",
        {
          kind: "choice",
          choices: [
            { value: "Insert", title: "Insert" },
            { value: "Upsert", title: "Upsert" },
          ],
        },
        "Whether records with known keys replace those.",
        { default: "Insert" },
      ),
      property("Keys", { kind: "fields" }, "The fields that tell records apart."),
    ],
    "changes",
  ),
  type(
    "HttpRequest",
    "HTTP Request",
    "network",
    "globe",
    "Sends a request to an HTTP service.",
    [
      property("Connection", { kind: "connection", kinds: ["http"] }, "The service.", { required: true }),
      property(
        "Method",
        {
          kind: "choice",
          choices: ["GET", "POST", "PUT", "PATCH", "DELETE"].map((value) => ({ value, title: value })),
        },
        "The method.",
        { default: "GET" },
      ),
      property("Path", { kind: "text" }, "The path below the connection's address.", { default: "/" }),
      property("Headers", { kind: "pairs" }, "Headers to send."),
      property("Body", { kind: "multiline" }, "The body; `${name}` stands for a flow variable."),
    ],
    "changes",
  ),
];
