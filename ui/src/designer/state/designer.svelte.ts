import {
  CallError,
  platform,
  type ComponentDescription,
  type DesignerEvent,
  type FlowChecked,
  type HostDescription,
  type Link,
  type PortRef,
  type Ports,
  type ProjectView,
  type RecentProject,
  type TextPlace,
} from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { addTo } from "../canvas/bodies";
import { drawingOf, type Drawing } from "../canvas/drawn";
import { Clusters } from "./clusters.svelte";
import { Connections } from "./connections.svelte";
import { DrawnFlow, type Spot } from "./flow.svelte";
import { inputsOf, wrongInput } from "./inputs";
import { NEW } from "./guess";
import { FlowTests } from "./tests.svelte";
import { Problems } from "./problems.svelte";
import { askAhead, changedOutside, offerLeftChanges, saved, tellRecovered, type Ahead } from "./neverLost";
import { Runs } from "./runs.svelte";
import { Versions } from "./versions.svelte";
import { WindowState } from "./window.svelte";

/** What the designer's window knows. One for the window; components import {@link designer}. */
export class DesignerState {
  host = $state.raw<HostDescription>({ kind: "browser", version: "", parts: [] });
  connected = $state(true);
  /** Undefined until the host has answered. */
  project = $state.raw<ProjectView | null | undefined>(undefined);
  recent = $state.raw<RecentProject[]>([]);
  palette = $state.raw<ComponentDescription[]>([]);
  /** The ports that a new component of each type has. */
  ports = $state.raw<Readonly<Record<string, Ports>>>({});
  flows = $state.raw<DrawnFlow[]>([]);
  activeName = $state<string | null>(null);
  /** The project whose tabs are open again as they were. */
  restored = $state<string | null>(null);
  readonly runs = new Runs();
  readonly versions = new Versions();
  readonly clusters = new Clusters();
  readonly connections = new Connections();
  readonly problems = new Problems();
  readonly tests = new FlowTests();
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
    this.versions.askWho = (error, then) =>
      this.window.open({ kind: "credential", url: this.versions.status?.remote ?? "", asked: error.message, then });
    let lost = false;
    platform.connection((connected) => {
      this.connected = connected;
      if (connected && lost) void this.#catchUp();
      lost = !connected;
    });
    try {
      const recent = platform.call("project_recent", {});
      const current = platform.call("project_current", {});
      this.host = await platform.call("host_view", {});
      const { components, ports } = await platform.call("palette", {});
      this.palette = components;
      this.ports = ports;
      this.recent = await recent;
      await this.#takeProject(await current);
      await this.#showAsked();
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

  /** Makes a project out of a sample; answers the error, if there was one. */
  async createFromSample(path: string, sample: string): Promise<CallError | undefined> {
    try {
      await this.#takeProject(await platform.call("project_from_sample", { path, sample }));
      return undefined;
    } catch (thrown) {
      return CallError.from(thrown);
    }
  }

  /** Goes back to where projects are chosen. */
  async closeProject(discard = false): Promise<void> {
    try {
      if (discard) for (const { name } of this.flows) await platform.call("flow_close", { flow: name, discard });
      await platform.call("project_close", {});
      await this.#takeProject(null);
      await this.refreshRecent();
    } catch (thrown) {
      this.fail("The project cannot be closed", thrown);
    }
  }

  async refreshRecent(): Promise<void> {
    this.recent = await platform.call("project_recent", {});
  }

  /** Saves the whole project in another folder and goes on there; answers the error, if there was one. */
  async saveProjectAs(path: string): Promise<CallError | undefined> {
    try {
      await this.#takeProject(await platform.call("project_save_as", { path }));
      toasts.ok("Saved in another folder", this.project?.path);
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

  /** Opens a flow, if it is not open yet, and shows it. */
  async openFlow(name: string, show = true): Promise<void> {
    if (this.flows.some((flow) => flow.name === name)) {
      if (show) this.activeName = name;
      return;
    }
    try {
      const flow = new DrawnFlow(await platform.call("flow_open", { flow: name }));
      if (!this.flows.some((open) => open.name === name)) this.flows = [...this.flows, flow];
      const early = this.#early.get(name);
      if (early) flow.takeChecked(early);
      this.#early.delete(name);
      if (show) this.activeName = name;
      tellRecovered(flow);
      void this.runs.recall(name);
    } catch (thrown) {
      this.fail(`${name} cannot be opened`, thrown);
    }
  }

  /** Closes a flow's tab; asks first when it has changes that are not saved. */
  async closeFlow(name: string, discard = false): Promise<void> {
    const flow = this.flows.find((open) => open.name === name);
    await flow?.settled();
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
    await flow.settled();
    try {
      saved(flow, await platform.call("flow_save", { flow: flow.name, overwrite }));
      return true;
    } catch (thrown) {
      const error = CallError.from(thrown);
      if (error.code === "project/changed-outside") {
        flow.conflict = true;
        this.window.open({ kind: "changed-outside", flow: flow.name });
      } else if (["project/disk-full", "project/read-only", "project/cannot-write"].includes(error.code))
        this.window.open({ kind: "save-as", reason: error.message, flow: flow.name });
      else this.fail(`${flow.name} cannot be saved`, error);
      return false;
    }
  }

  async saveAll(): Promise<boolean> {
    let all = true;
    await Promise.all(this.flows.map((flow) => flow.settled()));
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
      const making = { views: { [id]: { ...NEW, ports } }, choice: { components: [id] } };
      const made = await flow.edit(link ? { edit: "batch", edits: [add, { edit: "connect", link }] } : add, making);
      return made ? id : undefined;
    } catch (thrown) {
      this.fail("The component was not added", thrown);
      return undefined;
    }
  }

  /** Runs the active flow here, or a part of it: up to a component. What would change the world is asked about first. */
  async run(to?: string): Promise<void> {
    const flow = this.active;
    if (!flow) return;
    await flow.settled();
    this.window.showPanel("run");
    const given = this.runs.inputsOf(this.project?.path ?? "", flow.name);
    const wrong = inputsOf(flow.document).find((input) => wrongInput(input, given[input.name]) !== undefined);
    if (wrong) {
      toasts.info(`Fill in “${wrong.name}” first`, wrongInput(wrong, given[wrong.name]));
      window.setTimeout(() =>
        document.querySelector<HTMLElement>(`[data-testid="input-${CSS.escape(wrong.name)}"]`)?.focus(),
      );
      return;
    }
    try {
      const { ask, without } = await this.runs.effectsToAsk(flow.name, to);
      if (ask.length > 0) this.window.open({ kind: "run-effects", flow: flow.name, to, effects: ask });
      else await this.runNow(flow, to, without);
    } catch (thrown) {
      this.fail("The flow did not start", thrown);
    }
  }

  /** Runs a flow without asking. */
  async runNow(flow: DrawnFlow, to: string | undefined, withoutEffects: boolean): Promise<void> {
    const declared = new Set(inputsOf(flow.document).map(({ name }) => name));
    const given = Object.entries(this.runs.inputsOf(this.project?.path ?? "", flow.name));
    const inputs = Object.fromEntries(given.filter(([name]) => declared.has(name)));
    const error = await this.runs.start({ flow: flow.name, inputs, to, withoutEffects });
    if (!error) return;
    toasts.error("The flow did not start", error.message);
    if (error.place?.component) this.goTo(flow, error.place.component, error.place.property, error.place.text);
  }

  /** Shows where a problem is and puts the keyboard there. */
  goTo(flow: DrawnFlow, component: string | undefined, property: string | undefined, text?: TextPlace): void {
    this.activeName = flow.name;
    if (!component) return;
    flow.show(component);
    this.window.focusInspector(property, text);
  }

  takeProjectView(project: ProjectView | null): void {
    this.project = project;
    const names = new Set(project?.flows.map(({ name }) => name));
    for (const flow of this.flows) if (!names.has(flow.version?.flow ?? flow.name)) this.#drop(flow.name);
  }

  async #takeProject(project: ProjectView | null): Promise<void> {
    const another = project?.path !== this.project?.path;
    if (another) {
      this.flows = [];
      this.activeName = null;
    }
    this.takeProjectView(project);
    if (!another || !project) return;
    // Git may take its time; nobody needs to wait for it before they see their flow.
    void this.versions.refresh();
    // Not sooner: a project that is still being opened would be said to have neither tabs nor anything that was left.
    const ahead = await askAhead();
    offerLeftChanges(this, ahead);
    await this.#openTabs(project, ahead);
  }

  /** Opens the flows that were open when this project was there last, the one that was shown first; or the first. */
  async #openTabs(project: ProjectView, { tabs: { open, active } }: Ahead): Promise<void> {
    // Flows with changes that a crash left wait until it is said what becomes of them.
    const good = project.flows
      .filter(({ problem, recovered }) => problem === null && !recovered)
      .map(({ name }) => name);
    const tabs = open.filter((name) => good.includes(name));
    const first = tabs.find((name) => name === active) ?? tabs[0] ?? good[0];
    if (first !== undefined && this.flows.length === 0) await this.openFlow(first);
    for (const name of tabs) await this.openFlow(name, false);
    const place = (name: string): number => (tabs.includes(name) ? tabs.indexOf(name) : tabs.length);
    this.flows = this.flows.toSorted((one, other) => place(one.name) - place(other.name));
    this.restored = project.path;
  }

  /** Shows what the window was asked to show, also before it could hear of it. */
  async #showAsked(): Promise<void> {
    const asked = await platform.call("window_take_asked", {}).catch(() => []);
    for (const path of asked) await this.#openAsked(path);
  }

  /** Shows what was opened from outside: a flow of this project, or another project. */
  async #openAsked(path: string): Promise<void> {
    const here = this.project?.path;
    if (here !== undefined && (path === here || path.startsWith(`${here}/`))) {
      const flow = /^flows\/(.+)\.flow\.json$/.exec(path.slice(here.length + 1))?.[1];
      if (flow !== undefined) await this.openFlow(flow);
      return;
    }
    const unsaved = this.flows.filter(({ state }) => state.dirty).map(({ name }) => name);
    const open = async (): Promise<void> => {
      for (const { name, state } of this.flows) if (state.dirty) await this.closeFlow(name, true);
      const error = await this.openProject(path);
      if (error) this.fail("The project cannot be opened", error);
      else await this.#openAsked(path);
    };
    if (unsaved.length === 0) await open();
    else this.window.open({ kind: "unsaved", flows: unsaved, then: () => void open() });
  }

  #drop(name: string): void {
    const at = this.flows.findIndex((flow) => flow.name === name);
    this.flows = this.flows.filter((flow) => flow.name !== name);
    if (this.activeName === name) this.activeName = this.flows[Math.max(0, at - 1)]?.name ?? null;
  }

  async #catchUp(): Promise<void> {
    await this.#takeProject(await platform.call("project_current", {}).catch(() => this.project ?? null));
    await Promise.allSettled(this.flows.filter(({ version }) => !version).map((flow) => flow.reload()));
    for (const { name } of this.flows) void this.runs.recall(name);
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
        return changedOutside(flow, event);
      case "clone-progress":
        this.versions.cloning = event;
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
      case "open-asked":
        return void this.#showAsked();
      case "settings-changed":
      case "menu":
        return; // The settings and the window's actions listen for them themselves.
    }
  }
}

export const designer = new DesignerState();
