import {
  CallError,
  platform,
  type Component,
  type ComponentView,
  type Diagnostic,
  type Edit,
  type Field,
  type Flow,
  type FlowChange,
  type FlowChecked,
  type FlowState,
  type FlowView,
  type Link,
  type Position,
} from "../../platform";
import { toasts } from "../../shared/toasts.svelte";
import { portsInUse } from "../../shared/links";
import { linkId, merged, patched } from "./patch";

/** Where a new component goes: into which body (none is the top level), and where in there. */
export interface Spot {
  parent?: string | undefined;
  position: Position;
}

/** What a canvas can be asked to do. The canvas that shows a flow puts itself here. */
export interface CanvasHandle {
  zoomIn(): void;
  zoomOut(): void;
  fit(): void;
  /** Brings a component into view. */
  reveal(component: string): void;
  /** Where a new component would be in the middle of what is seen. */
  middle(): Spot;
  /** The middle of what is seen. */
  center(): Position;
  /** Where a component dropped at a place of the window would be; undefined outside of the canvas. */
  at(x: number, y: number): Spot | undefined;
  /** Marks the body that a component which is being dragged would go into. */
  markBody(body: string | undefined): void;
  focus(): void;
}

/**
 * An open flow as it is drawn. The document itself lives in the host: every edit is asked of it, and what is drawn
 * here is patched by its replies and events.
 */
export class DrawnFlow {
  readonly name: string;
  document = $state.raw<Flow>({ description: "", components: {}, links: [], groups: {}, layout: {} });
  views = $state.raw<Record<string, ComponentView>>({});
  state = $state.raw<FlowState>({ revision: 0, dirty: false, undo: null, redo: null });
  checked = $state.raw<FlowChecked | null>(null);
  recovered = $state(false);
  /** Whether another program changed the file while there are changes here that are not saved. */
  conflict = $state(false);
  /** The chosen components. */
  selected = $state.raw<ReadonlySet<string>>(new Set());
  /** The chosen link, by its id. */
  selectedLink = $state.raw<string | null>(null);
  /** The chosen group or note, by its id. */
  selectedGroup = $state.raw<string | null>(null);
  /** The component that the keyboard stands on. */
  cursor = $state.raw<string | null>(null);
  canvas: CanvasHandle | undefined;

  #shape = $state.raw<Diagnostic[]>([]);
  #order: Promise<unknown> = Promise.resolve();

  /** All problems, the serious ones first. */
  readonly problems = $derived.by(() => {
    const weight = { error: 0, warning: 1, hint: 2 };
    const all = [...this.#shape, ...(this.checked?.diagnostics ?? [])].filter(
      ({ place }) => !place.component || place.component in this.document.components,
    );
    return all.sort((a, b) => weight[a.severity] - weight[b.severity]);
  });
  readonly problemsByComponent = $derived(Map.groupBy(this.problems, ({ place }) => place.component ?? ""));
  readonly errors = $derived(this.problems.filter(({ severity }) => severity === "error").length);
  readonly linksById = $derived(new Map(this.document.links.map((link) => [linkId(link), link])));

  /** The ports that links use, by component. */
  readonly linkedPorts = $derived(portsInUse(this.document));

  constructor(view: FlowView) {
    this.name = view.flow;
    this.replace(view);
  }

  /** Takes the whole flow anew. */
  replace(view: FlowView): void {
    this.document = view.document;
    this.views = view.views;
    this.state = view.state;
    this.#shape = view.diagnostics;
    this.checked = view.checked;
    this.recovered = view.recovered;
    this.conflict = false;
    this.#forgetRemoved();
  }

  /** Takes a change. One that is known already is left alone; after a gap the whole flow is asked for. */
  take(change: FlowChange): void {
    if (change.state.revision < this.state.revision) return;
    if (change.state.revision === this.state.revision) {
      this.state = change.state;
      return;
    }
    if (change.base !== this.state.revision) {
      void this.reload();
      return;
    }
    this.document = patched(this.document, change.patch);
    this.views = merged<ComponentView>(this.views, change.views, new Set(change.patch.removedComponents));
    this.state = change.state;
    this.#shape = change.diagnostics;
    this.#forgetRemoved();
  }

  /** Takes what the slower checks found. Its fields are those that changed since the check before. */
  takeChecked(checked: FlowChecked): void {
    const before = this.checked;
    if (before && checked.number <= before.number) return;
    if (checked.number !== (before?.number ?? 0) + 1) return void this.reload();
    this.checked = before ? { ...checked, fields: merged(before.fields, checked.fields, new Set()) } : checked;
  }

  async reload(): Promise<void> {
    this.replace(await platform.call("flow_open", { flow: this.name }));
  }

  /** Asks for an edit; answers whether it was made. Edits are made in the order in which they are asked for. */
  edit(edit: Edit, gesture?: string): Promise<boolean> {
    return this.#inOrder(async () => {
      const revision = this.state.revision;
      const asked = { flow: this.name, revision, edit, ...(gesture ? { gesture } : {}) };
      this.take(await platform.call("flow_apply_edit", asked));
    });
  }

  setProperty(id: string, property: string, value: unknown, gesture?: string): Promise<boolean> {
    return this.edit({ edit: "setProperty", id, property, value }, gesture);
  }

  /** Takes the chosen components, the chosen link or the chosen note out of the flow. */
  async remove(): Promise<void> {
    const link = this.selectedLink ? this.linksById.get(this.selectedLink) : undefined;
    const edits: Edit[] = [...this.selected].map((id) => ({ edit: "removeComponent", id }));
    if (link) edits.push({ edit: "disconnect", link });
    if (this.selectedGroup) edits.push({ edit: "setGroup", id: this.selectedGroup });
    const [first] = edits;
    if (!first) return;
    const next = this.#beside([...this.selected][0]);
    await this.edit(edits.length === 1 ? first : { edit: "batch", edits });
    if (next && next in this.document.components) this.cursor = next;
  }

  undo(): Promise<boolean> {
    return this.#inOrder(async () => {
      if (this.state.undo !== null) this.take(await platform.call("flow_undo", { flow: this.name }));
    });
  }

  redo(): Promise<boolean> {
    return this.#inOrder(async () => {
      if (this.state.redo !== null) this.take(await platform.call("flow_redo", { flow: this.name }));
    });
  }

  select(components: Iterable<string>, link: string | null = null, group: string | null = null): void {
    this.selected = new Set(components);
    this.selectedLink = link;
    this.selectedGroup = group;
    const [first] = this.selected;
    if (first) this.cursor = first;
  }

  /** Chooses a component and brings it into view. */
  show(component: string): void {
    if (!(component in this.document.components)) return;
    this.select([component]);
    this.canvas?.reveal(component);
  }

  component(id: string | null | undefined): Component | undefined {
    return id ? this.document.components[id] : undefined;
  }

  /** The links that leave a component. */
  outgoing(id: string): Link[] {
    return this.document.links.filter((link) => link.from.component === id);
  }

  /** The links that arrive at a component. */
  incoming(id: string): Link[] {
    return this.document.links.filter((link) => link.to.component === id);
  }

  /** The fields on an outlet, where they can be known. */
  fieldsOf(component: string, outlet: string): Field[] | undefined {
    return this.checked?.fields[component]?.[outlet];
  }

  /** The fields that arrive at each inlet of a component, where they can be known; in the order of the inlets. */
  fieldsInto(id: string): { inlet: string; fields: Field[] }[] {
    const incoming = this.incoming(id);
    return (this.views[id]?.ports.inlets ?? []).map(({ name: inlet }) => {
      const seen = new Map<string, Field>();
      for (const { from, to } of incoming)
        if (to.port === inlet)
          for (const field of this.fieldsOf(from.component, from.port) ?? []) seen.set(field.name, field);
      return { inlet, fields: [...seen.values()] };
    });
  }

  #beside(id: string | undefined): string | undefined {
    if (!id) return undefined;
    return this.incoming(id)[0]?.from.component ?? this.outgoing(id)[0]?.to.component;
  }

  #forgetRemoved(): void {
    const stay = [...this.selected].filter((id) => id in this.document.components);
    if (stay.length !== this.selected.size) this.selected = new Set(stay);
    if (this.selectedLink && !this.document.links.some((link) => linkId(link) === this.selectedLink))
      this.selectedLink = null;
    if (this.selectedGroup && !(this.selectedGroup in this.document.groups)) this.selectedGroup = null;
    if (this.cursor && !(this.cursor in this.document.components)) this.cursor = null;
  }

  #inOrder(work: () => Promise<void>): Promise<boolean> {
    const done = this.#order.then(work).then(
      () => true,
      (thrown: unknown) => {
        const error = CallError.from(thrown);
        toasts.error("The change was not made", error.message);
        // What the canvas shows may run ahead of the document: draw the document again.
        this.document = { ...this.document };
        return false;
      },
    );
    this.#order = done;
    return done;
  }
}
