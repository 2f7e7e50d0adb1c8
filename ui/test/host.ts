import { pulled } from "./pull";
import {
  CallError,
  type CommandName,
  type Commands,
  type DesignerEvent,
  type Edit,
  type Flow,
  type FlowChange,
  type FlowPatch,
  type Platform,
} from "../src/platform";
import { linkId } from "../src/designer/state/patch";
import { applied } from "./edits";
import { palette } from "./palette";
import { connectionReplies } from "./connections";
import { replies } from "./replies";
import { playRun } from "./run";
import { portsOf, problemsOf, sampleFlows, viewOf } from "./flows";

interface Open {
  document: Flow;
  revision: number;
  past: Flow[];
  future: Flow[];
  dirty: boolean;
}
type Body = (input: never) => unknown;
const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A host within the page, with a few flows and a cluster that always answers. */
export class FixturePlatform implements Platform {
  #heard = new Set<(event: DesignerEvent) => void>();
  #flows = new Map<string, Open>();
  #hasProject: boolean;
  #run = 0;

  constructor(hasProject: boolean, size: number) {
    this.#hasProject = hasProject;
    for (const [name, document] of Object.entries(sampleFlows(size)))
      this.#flows.set(name, { document, revision: 1, past: [], future: [], dirty: false });
  }

  async call<Name extends CommandName>(name: Name, input: Commands[Name]["input"]): Promise<Commands[Name]["output"]> {
    await wait(4);
    const body = (this.#bodies as Record<string, Body>)[name];
    if (!body) throw new CallError({ code: "command/unknown", message: `The fixture has no command “${name}”.` });
    return structuredClone(await body(input as never)) as Commands[Name]["output"];
  }
  async download(): Promise<null> {
    return await wait(4).then(() => null);
  }
  listen(heard: (event: DesignerEvent) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }
  connection(changed: (connected: boolean) => void): () => void {
    changed(true);
    return () => undefined;
  }
  tell(event: DesignerEvent): void {
    for (const heard of this.#heard) heard(structuredClone(event));
  }

  #open(name: string): Open {
    const flow = this.#flows.get(name);
    if (!flow) throw new CallError({ code: "project/no-such-flow", message: `There is no flow “${name}”.` });
    return flow;
  }
  #state({ revision, dirty, past, future }: Open): FlowChange["state"] {
    return {
      revision,
      dirty,
      journaled: true,
      undo: past.length > 0 ? "the last step" : null,
      redo: future.length > 0 ? "the last step" : null,
    };
  }
  #become(name: string, next: Flow): FlowChange {
    const open = this.#open(name);
    const before = open.document;
    const patch: FlowPatch = {
      components: {},
      removedComponents: [],
      links: [],
      removedLinks: [],
      groups: {},
      removedGroups: [],
      layout: {},
      description: next.description,
    };
    for (const [id, component] of Object.entries(next.components))
      if (before.components[id] !== component) patch.components[id] = component;
    for (const id of Object.keys(before.components)) if (!(id in next.components)) patch.removedComponents.push(id);
    for (const [id, place] of Object.entries(next.layout)) if (before.layout[id] !== place) patch.layout[id] = place;
    const [old, now] = [new Set(before.links.map(linkId)), new Set(next.links.map(linkId))];
    patch.links = next.links.filter((link) => !old.has(linkId(link)));
    patch.removedLinks = before.links.filter((link) => !now.has(linkId(link)));
    for (const [id, group] of Object.entries(next.groups)) if (before.groups[id] !== group) patch.groups[id] = group;
    patch.removedGroups = Object.keys(before.groups).filter((id) => !(id in next.groups));
    const base = open.revision;
    Object.assign(open, { document: next, revision: base + 1, dirty: true });
    const views = Object.fromEntries(
      Object.entries(patch.components).map(([id, component]) => [id, viewOf(component)]),
    );
    return { flow: name, base, state: this.#state(open), patch, views, diagnostics: problemsOf(next) };
  }

  readonly #bodies = {
    ...replies(() => this.#log),
    host_view: () => ({ kind: "browser", version: "0.1.0" }),
    palette: () => ({
      components: palette,
      ports: Object.fromEntries(palette.map(({ kind: type }) => [type, portsOf({ type, name: "", properties: {} })])),
    }),
    ...connectionReplies(() => this.#project()),
    project_recent: () => [
      { name: "shop", path: "/home/anna/flows/shop" },
      { name: "warehouse", path: "/home/anna/flows/warehouse" },
    ],
    project_current: () => (this.#hasProject ? this.#project() : null),
    project_open: () => ((this.#hasProject = true), this.#project()),
    project_create_flow: ({ flow }: { flow: string }) => {
      this.#flows.set(flow, {
        document: { description: "", components: {}, links: [], groups: {}, layout: {} },
        revision: 1,
        past: [],
        future: [],
        dirty: false,
      });
      return this.#project();
    },
    flow_open: ({ flow }: { flow: string }) => this.#view(flow),
    flow_reload: ({ flow }: { flow: string }) => this.#view(flow),
    flow_close: () => null,
    flow_new_component: ({ flow, type }: { flow: string; type: string }) => {
      const title = palette.find(({ kind }) => kind === type)?.title ?? type;
      const id = `${type.toLowerCase()}-${Math.random().toString(36).slice(2, 8)}`;
      const taken = Object.values(this.#open(flow).document.components).filter(({ name }) =>
        name.startsWith(title),
      ).length;
      const component = { type, name: taken ? `${title} ${taken + 1}` : title, properties: {} };
      return { id, component, ports: portsOf(component) };
    },
    flow_apply_edit: ({ flow, edit }: { flow: string; edit: Edit }) => {
      const open = this.#open(flow);
      const next = applied(open.document, edit);
      open.past.push(open.document);
      open.future = [];
      return this.#become(flow, next);
    },
    flow_undo: ({ flow }: { flow: string }) => this.#step(flow, "past", "future"),
    flow_redo: ({ flow }: { flow: string }) => this.#step(flow, "future", "past"),
    flow_save: ({ flow }: { flow: string }) => (
      (this.#open(flow).dirty = false),
      { flow, state: this.#state(this.#open(flow)), tests: [] }
    ),
    flow_copy: () => ({ text: "{}" }),
    flow_runs_again: () => ({ components: ["map", "put"] }),
    run_last: () => null,
    run_effects: () => [],
    sql_functions: () => ({ functions: [] }),
    project_problems: () => [],
    test_list: () => [],
    run_start: ({ flow }: { flow: string }) =>
      playRun(++this.#run, flow, this.#open(flow), (event) => this.tell(event)),
    run_stop: () => null,
    run_stream: () => ({
      fields: [
        { name: "order_id", type: "Int64", nullable: false },
        { name: "customer", type: "Utf8", nullable: true },
        { name: "total", type: "Float64", nullable: true },
      ],
      rows: Array.from({ length: 40 }, (_, at) => ({
        order_id: String(10_000 + at),
        customer: at % 7 ? `CUSTOMER ${at}` : null,
        total: at * 12.5,
      })),
      total: 3213,
    }),
    vcs_log: () => this.#log,
    vcs_commit: ({ message }: { message: string }) => ({ id: "1234567890", message, author: "Anna", at: Date.now() }),
    vcs_push: () => (this.#bodies.vcs_status as () => unknown)(),
    vcs_pull: ({ keep }: { keep: Record<string, string> }) => pulled(Object.keys(keep).length > 0),
    cluster_choose: () => this.#bodies.cluster_list(),
    cluster_sign_in: () =>
      Promise.reject(new CallError({ code: "auth/wrong-password", message: "The name or the password is wrong." })),
    push_update: async () => {
      const servers = ["amber", "basalt", "chalk"];
      const done: unknown[] = servers.map((name) => ({ server: name, name, step: "waiting" }));
      const tell = (over: boolean): unknown => ({
        cluster: "tour",
        project: "shop",
        commit: "3f2a1b4c5d6e",
        pushed: 2,
        servers: [...done],
        done: over,
      });
      for (const [at, name] of servers.entries()) {
        done[at] = { server: name, name, step: "updating" };
        this.tell({ event: "push-update-progress", ...(tell(false) as object) } as DesignerEvent);
        await wait(300);
        done[at] =
          at === 2
            ? { server: name, name, step: "down" }
            : {
                server: name,
                name,
                step: "updated",
                from: "9f8e7d6c5b",
                version: "77aa88bb99cc",
                took: 182 + at * 40,
                problems: [],
              };
      }
      return tell(true);
    },
    tour_plan: () => ({
      possible: true,
      reason: null,
      cluster: "tour",
      flow: "order import",
      requests: 40,
      servers: ["amber", "basalt"],
    }),
    tour_start: () => {
      const base = {
        cluster: "tour",
        requests: 40,
        killed: null as string | null,
        survivor: null as string | null,
        report: null as unknown,
      };
      const phases = ["running", "killed", "takenOver", "done"] as const;
      void (async () => {
        for (const [at, phase] of phases.entries()) {
          await wait(400);
          this.tell({
            event: "tour-progress",
            ...base,
            phase,
            message: "The requests go on.",
            finished: at * 13 + 1,
            killed: at > 0 ? "amber" : null,
            survivor: at > 1 ? "basalt" : null,
            report:
              at === 3
                ? {
                    requests: 40,
                    finished: 40,
                    lost: 0,
                    settledComponentsRepeated: 0,
                    killToFirstResumedComponent: 84.2,
                  }
                : null,
          } as DesignerEvent);
        }
      })();
      return { ...base, phase: "starting", message: "40 requests are started.", finished: 0 };
    },
  };

  readonly #log = ["Validate orders before mapping", "Add a checkpoint after the mapper", "Import orders from CSV"].map(
    (message, at) => ({
      id: `${"3f2a1b9c8d7e".slice(at)}0000`,
      message,
      author: "Anna Berg",
      at: Date.now() - at * 7.2e6,
    }),
  );

  #project(): unknown {
    const flows = [...this.#flows].map(([name, { dirty }]) => ({
      name,
      problem: null as string | null,
      dirty,
      recovered: false,
    }));
    flows.push({ name: "broken", problem: "Line 4, column 12: a comma is missing.", dirty: false, recovered: false });
    return {
      name: "shop",
      path: "/home/anna/flows/shop",
      flows,
      connections: [
        { name: "shop", kind: "http", address: "http://127.0.0.1:7499", problem: null },
        { name: "warehouse", kind: "sqlite", address: "storage:warehouse.db", problem: null },
      ],
      versioned: true,
    };
  }
  #view(name: string): unknown {
    const open = this.#open(name);
    const field = (field: string, type: string): unknown => ({ name: field, type, nullable: true });
    const fields = [
      field("id", "Int64"),
      field("customer", "Utf8"),
      field("amount", "Float64"),
      field("tax", "Float64"),
    ];
    const views = Object.fromEntries(
      Object.entries(open.document.components).map(([id, component]) => [id, viewOf(component)]),
    );
    const checked = {
      flow: name,
      number: 1,
      revision: open.revision,
      diagnostics: [],
      fields: {
        read: { out: fields },
        valid: { out: fields, rejected: fields },
        map: { out: [field("order_id", "Int64"), field("customer", "Utf8"), field("total", "Float64")] },
      },
    };
    if (name === "order import")
      (checked.diagnostics as unknown[]).push({
        code: "server/local",
        severity: "warning",
        message:
          "“Tell the shop” uses a service on localhost, but OtherServerRetry lets other servers go on: there it is another machine.",
        place: { component: "tell", property: "Connection" },
      });
    return {
      flow: name,
      document: open.document,
      views,
      state: this.#state(open),
      diagnostics: problemsOf(open.document),
      checked,
      recovered: false,
    };
  }
  #step(name: string, from: "past" | "future", to: "past" | "future"): FlowChange {
    const open = this.#open(name);
    const next = open[from].pop();
    if (!next) throw new CallError({ code: "flow/nothing", message: "Nothing to do." });
    open[to].push(open.document);
    return this.#become(name, next);
  }
}
