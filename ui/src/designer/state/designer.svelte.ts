import {
  CallError,
  platform,
  type ComponentDescription,
  type DesignerEvent,
  type FlowChecked,
  type HostDescription,
  type Link,
  type PortRef,
  type ProjectView,
  type RecentProject,
} from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { addTo } from "../canvas/bodies";
import { drawingOf, type Drawing } from "../canvas/drawn";
import { Clusters } from "./clusters.svelte";
import { Connections } from "./connections.svelte";
import { DrawnFlow, type Spot } from "./flow.svelte";
import { Runs } from "./runs.svelte";
import { Versions } from "./versions.svelte";
import { WindowState } from "./window.svelte";

/** What the designer's window knows. One for the window; components import {@link designer}. */
export class DesignerState {
  host = $state.raw<HostDescription>({ kind: "browser", version: "" });
  connected = $state(true);
  /** Undefined until the host has answered. */
  project = $state.raw<ProjectView | null | undefined>(undefined);
  recent = $state.raw<RecentProject[]>([]);
  palette = $state.raw<ComponentDescription[]>([]);
  flows = $state.raw<DrawnFlow[]>([]);
  activeName = $state<string | null>(null);
  readonly runs = new Runs();
  readonly versions = new Versions();
  readonly clusters = new Clusters();
  readonly connections = new Connections();
  readonly window = new WindowState();

  /** Checks of flows that came before the flows themselves. */
  readonly #early = new Map<string, FlowChecked>();

  readonly active = $derived(this.flows.find((flow) => flow.name === this.activeName));
  readonly descriptions = $derived(new Map(this.palette.map((described) => [described.kind, described])));
  /** Where everything of the active flow is drawn. */
  readonly drawing: Drawing = $derived(this.active ? drawingOf(this.active, this.descriptions) : new Map());

  /** Asks the host for everything and follows its events; to be called once. */
  async start(): Promise<void> {
    platform.listen((event) => this.#hear(event));
    let lost = false;
    platform.connection((connected) => {
      this.connected = connected;
      if (connected && lost) void this.#catchUp();
      lost = !connected;
    });
    try {
      this.host = await platform.call("host_view", {});
      this.palette = (await platform.call("palette", {})).components;
      this.recent = await platform.call("project_recent", {});
      await this.#takeProject(await platform.call("project_current", {}));
      await this.connections.start();
      await this.clusters.refresh();
    } catch (thrown) {
      this.project ??= null;
      this.fail("The designer could not start", thrown);
    }
  }

  fail(title: string, thrown: unknown): void {
    toasts.error(title, CallError.from(thrown).message);
  }

  async openProject(path: string): Promise<CallError | undefined> {
    try {
      await this.#takeProject(await platform.call("project_open", { path }));
      return undefined;
    } catch (thrown) {
      return CallError.from(thrown);
    }
  }

  async createProject(path: string, name: string): Promise<CallError | undefined> {
    try {
      await this.#takeProject(await platform.call("project_create", { path, ...(name ? { name } : {}) }));
      return undefined;
    } catch (thrown) {
      return CallError.from(thrown);
    }
  }

  /** Shows a flow, opening it first where it is not open. */
  async openFlow(name: string): Promise<void> {
    if (this.flows.some((flow) => flow.name === name)) {
      this.activeName = name;
      return;
    }
    try {
      const flow = new DrawnFlow(await platform.call("flow_open", { flow: name }));
      if (!this.flows.some((open) => open.name === name)) this.flows = [...this.flows, flow];
      const early = this.#early.get(name);
      if (early) flow.takeChecked(early);
      this.#early.delete(name);
      this.activeName = name;
      if (flow.recovered)
        toasts.info(`${name}: unsaved changes are back`, "They were found in the crash journal. Save to keep them.");
      void this.runs.recall(name);
    } catch (thrown) {
      this.fail(`${name} cannot be opened`, thrown);
    }
  }

  /** Closes a flow's tab; asks first when it has changes that are not saved. */
  async closeFlow(name: string, discard = false): Promise<void> {
    const flow = this.flows.find((open) => open.name === name);
    if (!flow) return;
    if (flow.state.dirty && !discard) {
      this.window.open({ kind: "unsaved", flows: [name], then: () => void this.closeFlow(name, true) });
      return;
    }
    try {
      await platform.call("flow_close", { flow: name, discard });
    } catch (thrown) {
      this.fail(`${name} cannot be closed`, thrown);
      return;
    }
    this.#drop(name);
  }

  /** Saves a flow; answers whether it is saved. */
  async save(flow: DrawnFlow, overwrite = false): Promise<boolean> {
    try {
      flow.state = (await platform.call("flow_save", { flow: flow.name, overwrite })).state;
      flow.conflict = false;
      return true;
    } catch (thrown) {
      const error = CallError.from(thrown);
      if (error.code === "project/changed-outside") this.window.open({ kind: "changed-outside", flow: flow.name });
      else this.fail(`${flow.name} cannot be saved`, error);
      return false;
    }
  }

  async saveAll(): Promise<boolean> {
    let all = true;
    for (const flow of this.flows) if (flow.state.dirty) all = (await this.save(flow)) && all;
    return all;
  }

  /**
   * Puts a new component into the active flow, linked behind `after` where that is given, and chooses it. Answers
   * its id.
   */
  async insert(kind: string, spot: Spot, after?: PortRef): Promise<string | undefined> {
    const flow = this.active;
    if (!flow) return undefined;
    try {
      const { id, component, ports } = await platform.call("flow_new_component", { flow: flow.name, type: kind });
      const add = addTo(spot, id, component);
      const inlet = ports.inlets[0]?.name;
      const link: Link | undefined =
        after && inlet !== undefined ? { from: after, to: { component: id, port: inlet } } : undefined;
      const made = await flow.edit(link ? { edit: "batch", edits: [add, { edit: "connect", link }] } : add);
      if (!made) return undefined;
      flow.select([id]);
      return id;
    } catch (thrown) {
      this.fail("The component was not added", thrown);
      return undefined;
    }
  }

  /** Runs the active flow here. */
  async run(): Promise<void> {
    const flow = this.active;
    if (!flow) return;
    this.window.showPanel("run");
    const error = await this.runs.start(flow.name);
    if (!error) return;
    toasts.error("The flow did not start", error.message);
    if (error.place?.component) flow.show(error.place.component);
  }

  /** Shows where a problem is and puts the keyboard there. */
  goTo(flow: DrawnFlow, component: string | undefined, property: string | undefined): void {
    this.activeName = flow.name;
    if (!component) return;
    flow.show(component);
    this.window.focusInspector(property);
  }

  takeProjectView(project: ProjectView | null): void {
    this.project = project;
    const names = new Set(project?.flows.map(({ name }) => name));
    for (const flow of this.flows) if (!names.has(flow.name)) this.#drop(flow.name);
  }

  async #takeProject(project: ProjectView | null): Promise<void> {
    const another = project?.path !== this.project?.path;
    if (another) {
      this.flows = [];
      this.activeName = null;
    }
    this.takeProjectView(project);
    if (!another || !project) return;
    await this.versions.refresh();
    const first = project.flows.find(({ problem }) => problem === null);
    if (first && this.flows.length === 0) await this.openFlow(first.name);
  }

  #drop(name: string): void {
    const at = this.flows.findIndex((flow) => flow.name === name);
    this.flows = this.flows.filter((flow) => flow.name !== name);
    if (this.activeName === name) this.activeName = this.flows[Math.max(0, at - 1)]?.name ?? null;
  }

  async #catchUp(): Promise<void> {
    await this.#takeProject(await platform.call("project_current", {}).catch(() => this.project ?? null));
    await Promise.allSettled(this.flows.map((flow) => flow.reload()));
    await this.versions.refresh();
    await this.clusters.refresh();
  }

  #hear(event: DesignerEvent): void {
    const flow = "flow" in event ? this.flows.find(({ name }) => name === event.flow) : undefined;
    switch (event.event) {
      case "project-changed":
        return void this.#takeProject(event.project);
      case "flow-changed":
        return flow?.take(event);
      case "flow-checked":
        if (flow) flow.takeChecked(event);
        else this.#early.set(event.flow, event);
        return;
      case "flow-saved":
        if (flow && event.state.revision >= flow.state.revision) flow.state = event.state;
        return;
      case "flow-changed-outside":
        if (flow && event.conflict) flow.conflict = true;
        else void flow?.reload();
        return;
      case "run-changed":
        return this.runs.take(event);
      case "vcs-changed":
        return void this.versions.refresh();
      case "clusters-changed":
        return void this.clusters.refresh();
      case "cluster-changed":
        return this.clusters.take(event);
      case "push-update-progress":
        this.clusters.pushUpdate = event;
        return;
      case "tour-progress":
        this.clusters.tour = event;
        return;
      case "close-requested":
        return this.window.open({
          kind: "unsaved",
          flows: event.unsaved,
          then: () => void platform.call("window_close", {}),
        });
      case "menu":
        return; // The window's actions listen for it themselves.
    }
  }
}

export const designer = new DesignerState();
