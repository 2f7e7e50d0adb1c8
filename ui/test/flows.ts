import type { Component, ComponentView, Diagnostic, Flow, Link, Ports } from "../src/platform";
import { palette } from "./palette";

const named = (inlets: string[], outlets: string[], entries: string[] = [], exits: string[] = []): Ports => {
  const ports = (names: string[]): Ports["inlets"] => names.map((name) => ({ name, title: name }));
  const always = outlets.includes("error") ? ["always"] : [];
  return {
    inlets: ports(inlets),
    outlets: ports([...outlets, ...always]),
    bodyOutlets: ports(entries),
    bodyInlets: ports(exits),
  };
};

export function portsOf({ type, properties }: Component): Ports {
  if (type === "Start") return named([], ["out"]);
  if (type === "End" || type === "Fail") return named(["in"], []);
  if (type === "ForEach") return named(["in"], ["out", "error"], ["each"], ["result"]);
  if (type === "Join") return named(["left", "right"], ["out", "error"]);
  if (type === "Sql") return named((properties["Inlets"] as string[] | undefined) ?? ["in"], ["out", "error"]);
  if (type === "Filter") return named(["in"], ["out", "rejected", "error"]);
  if (type === "Branch") {
    const branches = (properties["Branches"] ?? []) as { outlet: string }[];
    return named(["in"], [...branches.map(({ outlet }) => outlet), "otherwise", "error"]);
  }
  return named(["in"], ["out", "error"]);
}

export function viewOf(component: Component): ComponentView {
  const { type, properties } = component;
  const lines: Record<string, string> = {
    FileRead: String(properties["Path"] ?? ""),
    Mapper: `${((properties["Fields"] ?? []) as unknown[]).length} fields`,
    Filter: String(properties["Condition"] ?? ""),
    SqlPut: properties["Table"] ? `${String(properties["Connection"])} → ${String(properties["Table"])}` : "",
    HttpRequest: `${String(properties["Method"] ?? "GET")} ${String(properties["Path"] ?? "/")}`,
    Fail: String(properties["Message"] ?? ""),
  };
  return {
    ports: portsOf(component),
    line: lines[type] ?? "",
    settles: type !== "HttpRequest",
    unprotected: type === "HttpRequest",
    sets:
      type === "SetVariable" ? ((properties["Variables"] ?? []) as { field: string }[]).map(({ field }) => field) : [],
  };
}

const c = (type: string, name: string, properties: Record<string, unknown> = {}, parent?: string): Component => ({
  type,
  name,
  properties,
  ...(parent === undefined ? {} : { parent }),
});
const l = (from: string, to: string): Link => {
  const [component = "", port = "out"] = from.split(".");
  const [target = "", inlet = "in"] = to.split(".");
  return { from: { component, port }, to: { component: target, port: inlet } };
};

const orders: Flow = {
  description: "Reads the day's orders, keeps the valid ones, writes them to the warehouse and tells the shop.",
  components: {
    start: c("Start", "Start", {
      OtherServerRetry: true,
      BeginCheckpoint: "Use",
      RetryCount: 3,
      Inputs: [
        { name: "day", type: "Text", default: "2024-03-01" },
        { name: "limit", type: "Integer", default: 1000 },
      ],
    }),
    read: c("FileRead", "Read orders", { Path: "project:data/orders.csv" }),
    valid: c("Filter", "Valid orders", { Condition: "amount > 0 AND customer IS NOT NULL" }),
    map: c("Mapper", "To warehouse", {
      Fields: [
        { field: "order_id", expression: "id" },
        { field: "customer", expression: "upper(trim(customer))" },
        { field: "total", expression: "round(amount * (1 + tax), 2)" },
      ],
    }),
    saved: c("Checkpoint", "Orders mapped"),
    put: c("SqlPut", "Store orders", { Connection: "warehouse", Table: "orders", Mode: "Upsert", Keys: ["order_id"] }),
    stored: c("Checkpoint", "Orders stored"),
    tell: c("HttpRequest", "Tell the shop", { Connection: "shop", Method: "POST", Path: "/imports" }),
    end: c("End", "End"),
    reject: c("FileWrite", "Rejected orders", {}),
    undo: c("SqlPut", "Roll back", { Connection: "warehouse", Table: "undo" }),
    fail: c("Fail", "Give up", { Message: "The warehouse did not take the orders" }),
  },
  links: [
    l("start", "read"),
    l("read", "valid"),
    l("valid", "map"),
    l("valid.rejected", "reject"),
    l("map", "saved"),
    l("saved", "put"),
    l("put", "stored"),
    l("stored", "tell"),
    l("tell", "end"),
    l("put.error", "undo"),
    l("undo", "fail"),
  ],
  groups: {},
  layout: {
    start: { x: 40, y: 160 },
    read: { x: 312, y: 160 },
    valid: { x: 584, y: 160 },
    map: { x: 856, y: 160 },
    saved: { x: 1136, y: 160 },
    put: { x: 1296, y: 160 },
    stored: { x: 1576, y: 160 },
    tell: { x: 1736, y: 160 },
    end: { x: 2008, y: 160 },
    reject: { x: 856, y: 320 },
    undo: { x: 1568, y: 336 },
    fail: { x: 1840, y: 336 },
  },
};

const report: Flow = {
  description: "Writes a report for each shop and sends it.",
  components: {
    start: c("Start", "Start", { Inputs: [{ name: "day", type: "Text" }] }),
    get: c("SqlGet", "Orders of the day", {
      Connection: "warehouse",
      Query: "SELECT shop, customer, amount\nFROM orders\nWHERE day = $day",
    }),
    sort: c("Sort", "By shop", {
      Keys: [
        { expression: "shop", order: "Ascending" },
        { expression: "amount", order: "Descending" },
      ],
    }),
    shops: c("Aggregate", "Totals of each shop", {
      Groups: ["shop"],
      Fields: [{ field: "total", expression: "sum(amount)" }],
    }),
    each: c("ForEach", "For each shop", { Size: 1, Parallel: 4, Index: "shop_index" }),
    title: c(
      "SetVariable",
      "Name the file",
      { Variables: [{ field: "file", expression: "concat(shop, '.csv')" }] },
      "each",
    ),
    script: c(
      "JavaScript",
      "Lay out the lines",
      { Script: "const { shop, total } = record;\nreturn { shop, total };" },
      "each",
    ),
    parts: c("ForEach", "For each page", {}, "each"),
    write: c("FileWrite", "Write the page", { Path: "storage:reports/${file}" }, "parts"),
    send: c("SubFlow", "Send the report", { Flow: "order import" }, "each"),
    tidy: c("FileDelete", "Remove drafts", { Path: "storage:drafts/*" }),
    join: c("Join", "With the shops' addresses", { Keys: [{ left: "shop", right: "name" }] }),
    end: c("End", "End"),
  },
  links: [
    l("start", "get"),
    l("get", "sort"),
    l("sort", "shops"),
    l("shops", "each"),
    l("each.each", "title"),
    l("title", "script"),
    l("script", "parts"),
    l("parts.each", "write"),
    l("write", "parts.result"),
    l("parts", "send"),
    l("send", "each.result"),
    l("each.always", "tidy"),
    l("each", "join.left"),
    l("get", "join.right"),
    l("join", "end"),
  ],
  groups: {},
  layout: {
    start: { x: 0, y: 0 },
    get: { x: 264, y: 0 },
    sort: { x: 528, y: 0 },
    shops: { x: 792, y: 0 },
    each: { x: 1064, y: 0 },
    title: { x: 72, y: 88 },
    script: { x: 336, y: 88 },
    parts: { x: 600, y: 88 },
    write: { x: 88, y: 88 },
    send: { x: 1048, y: 88 },
    tidy: { x: 2304, y: 448 },
    join: { x: 2480, y: 0 },
    end: { x: 2744, y: 0 },
  },
};

const small: Flow = {
  description: "",
  components: {
    start: c("Start", "Start"),
    branch: c("Branch", "Which size", {
      Branches: [
        { outlet: "large", condition: "total > 1000" },
        { outlet: "small", condition: "total > 0" },
      ],
    }),
    end: c("End", "End"),
    odd: c("Telepathy", "From the future"),
  },
  links: [l("start", "branch"), l("branch.large", "end")],
  groups: {},
  layout: { start: { x: 0, y: 0 }, branch: { x: 272, y: 0 }, end: { x: 544, y: 0 }, odd: { x: 272, y: 200 } },
};

function many(size: number): Flow {
  const flow: Flow = { description: "", components: {}, links: [], groups: {}, layout: {} };
  const kinds = palette.map(({ kind }) => kind).filter((kind) => kind !== "Start" && kind !== "Fail");
  for (let at = 0; at < size; at += 1) {
    const id = `c${at}`;
    flow.components[id] = c(at === 0 ? "Start" : (kinds[at % kinds.length] ?? "Mapper"), `Component ${at}`);
    flow.layout[id] = { x: (at % 40) * 272, y: Math.floor(at / 40) * 160 };
    if (at > 0 && at % 40 !== 0) flow.links.push(l(`c${at - 1}`, id));
  }
  return flow;
}

export function sampleFlows(size: number): Record<string, Flow> {
  const flows: Record<string, Flow> = {
    "order import": orders,
    "daily report": report,
    "checks/sizes": small,
    empty: { description: "", components: {}, links: [], groups: {}, layout: {} },
  };
  return size > 0 ? { large: many(size), ...flows } : flows;
}

export function problemsOf(flow: Flow): Diagnostic[] {
  return Object.entries(flow.components).flatMap(([id, component]): Diagnostic[] => {
    const description = palette.find(({ kind }) => kind === component.type);
    if (!description)
      return [
        {
          code: "component/unknown-type",
          severity: "error",
          message: `The palette has no type “${component.type}”.`,
          place: { component: id },
        },
      ];
    return description.properties
      .filter(({ name, required }) => required && component.properties[name] === undefined)
      .map(({ name }) => ({
        code: "property/missing",
        severity: "error",
        message: `“${component.name}” needs ${name}.`,
        place: { component: id, property: name },
        ...(name === "Path"
          ? {
              fix: {
                title: "Take storage:out.csv",
                edit: { edit: "setProperty", id, property: name, value: "storage:out.csv" },
              },
            }
          : {}),
      }));
  });
}
