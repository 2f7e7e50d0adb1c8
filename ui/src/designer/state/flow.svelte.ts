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
} from "../../platform";
import { painted } from "../../shared/afterPaint";
import { toasts } from "../../shared/toasts.svelte";
import { portsInUse } from "../../shared/links";
import type { CanvasHandle, Spot } from "./canvasHandle";
import { forgetCut, tellCut } from "./cut";
import { rememberedFolds, rememberFolds } from "./folds";
import { guessed, type Views } from "./guess";
import { checkedAfter, isPast, keeping, keptIn, linkId, merged, patched } from "./patch";
import { Steps, type Look } from "./steps";
import { isWithin } from "./within";

export type { CanvasHandle, Spot };

/** What is chosen on a canvas. */
export interface Choice {
  components?: Iterable<string>;
  /** By their ids. */
  links?: Iterable<string>;
  /** Groups and notes. */
  groups?: Iterable<string>;
}

/** How an edit is made. */
export interface Making {
  /** Edits of the same gesture become one step. */
  gesture?: string | undefined;
  /** How components that it adds look. With that they are drawn before the host has answered. */
  views?: Views;
  /** What is chosen as soon as it is drawn. */
  choice?: Choice;
}

/**
 * An open flow as it is drawn. The document itself lives in the host: every edit is asked of it, and what is drawn
 * here is patched by its replies and events.
 */
export class DrawnFlow {
  readonly name: string;
  document = $state.raw<Flow>({ description: "", components: {}, links: [], groups: {}, layout: {} });
  views = $state.raw<Record<string, ComponentView>>({});
  state = $state.raw<FlowState>({ revision: 0, dirty: false, journaled: true, undo: null, redo: null });
  checked = $state.raw<FlowChecked | null>(null);
  recovered = $state(false);
  /** Whether another program changed the file while there are changes here that are not saved. */
  conflict = $state(false);
  /** The chosen components. */
  selected = $state.raw<ReadonlySet<string>>(new Set());
  /** The chosen links, by their ids. */
  selectedLinks = $state.raw<ReadonlySet<string>>(new Set());
  /** The chosen groups and notes, by their ids. */
  selectedGroups = $state.raw<ReadonlySet<string>>(new Set());
  /** The one chosen link, when nothing else is chosen. */
  readonly selectedLink = $derived(this.#theOnly(this.selectedLinks, this.selected, this.selectedGroups));
  /** The one chosen group or note, when nothing else is chosen. */
  readonly selectedGroup = $derived(this.#theOnly(this.selectedGroups, this.selected, this.selectedLinks));
  /** The components whose bodies are folded away. */
  folded = $state.raw<ReadonlySet<string>>(new Set());
  /** What happened last, for those who hear it. */
  said = $state("");
  /** The component that the keyboard stands on. */
  cursor = $state.raw<string | null>(null);
  canvas: CanvasHandle | undefined;

  #shape = $state.raw<Diagnostic[]>([]);
  /** The flow as the host has it, while what an edit will make of it is shown. */
  #sure: Look | undefined;
  readonly #steps = new Steps();
  #order: Promise<unknown> = Promise.resolve();
  #asked = 0;

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

  readonly #linksFrom = $derived(Map.groupBy(this.document.links, ({ from }) => from.component));
  readonly #linksTo = $derived(Map.groupBy(this.document.links, ({ to }) => to.component));

  /** The ports that links use, by component. */
  readonly linkedPorts = $derived(portsInUse(this.document));

  constructor(
    view: FlowView,
    /** Which flow and commit it is, when it is an old version that is only looked at. */
    readonly version?: { flow: string; commit: string },
  ) {
    this.name = view.flow;
    this.folded = new Set(rememberedFolds(view.flow));
    this.replace(view);
  }

  /** Takes the whole flow anew. */
  replace(view: FlowView): void {
    this.#sure = undefined;
    this.#steps.forget();
    this.document = view.document;
    this.views = view.views;
    this.state = view.state;
    this.#shape = view.diagnostics;
    this.checked = view.checked;
    this.recovered = view.recovered;
    this.conflict = view.conflict;
    this.#forgetRemoved();
  }

  /** Takes a change. One that is known already is left alone; after a gap the whole flow is asked for. */
  take(change: FlowChange): void {
    if (change.state.revision < this.state.revision) return;
    if (change.state.revision === this.state.revision) {
      // What is shown ahead of the host stays: the event of a change may come after its reply.
      this.state = change.state;
      return;
    }
    if (change.base !== this.state.revision) {
      void this.reload();
      return;
    }
    const { document, views } = this.#sure ?? this;
    this.#sure = undefined;
    const removed = new Set(change.patch.removedComponents);
    this.document = keeping(this.document, patched(document, change.patch));
    this.views = keptIn(this.views, merged<ComponentView>(views, change.views, removed));
    this.state = change.state;
    this.#shape = change.diagnostics;
    this.#forgetRemoved();
  }

  /** Takes what the slower checks found. Its fields are those that changed since the check before. */
  takeChecked(checked: FlowChecked): void {
    const before = this.checked;
    if (before && checked.number <= before.number) return;
    if (checked.number !== (before?.number ?? 0) + 1) return void this.reload();
    this.checked = before ? checkedAfter(before, checked) : checked;
  }

  /** Asks for the whole flow; again, if what came meanwhile is newer than what was read. */
  async reload(): Promise<void> {
    if (this.version) return;
    const known = { state: this.state, checked: this.checked };
    const view = await platform.call("flow_open", { flow: this.name });
    if (isPast(view, known, this)) await this.reload();
    else this.replace(view);
  }

  /** Asks for an edit; answers whether it was made. Edits are made in the order in which they are asked for. */
  edit(edit: Edit, { gesture, views, choice }: Making = {}): Promise<boolean> {
    if (this.version) {
      toasts.info("An old version is only looked at", "Restore it to work on it.");
      this.document = { ...this.document };
      return Promise.resolve(false);
    }
    return this.#inOrder(async () => {
      const revision = this.state.revision;
      const asked = { flow: this.name, revision, edit, ...(gesture ? { gesture } : {}) };
      const before = this.#look();
      const guess = guessed(this.document, edit, views);
      if (guess) await this.#guess({ ...before, document: guess, views: { ...this.views, ...views } }, choice);
      const change = await platform.call("flow_apply_edit", asked);
      this.#takeReply(change);
      tellCut(this.name, edit, change);
      if (choice && !guess) this.choose(choice);
      // Which edits of a gesture are one step, the host knows.
      if (gesture || change.base !== revision) this.#steps.forget();
      else this.#steps.made(revision, change.state.revision, before);
      const done = this.state.undo ?? "";
      // What is typed on is said once.
      if (!gesture || this.said.trim() !== done) this.say(done);
    });
  }

  /** Whether the host has yet to answer something, so that what can be done next is not known. */
  get isAsking(): boolean {
    return this.#asked > 0;
  }

  /** When the host has answered all that was asked of it so far. */
  async settled(): Promise<void> {
    await this.#order;
  }

  setProperty(id: string, property: string, value: unknown, gesture?: string): Promise<boolean> {
    return this.edit({ edit: "setProperty", id, property, value }, { gesture });
  }

  /** Takes all that is chosen out of the flow. What is in the body of a component goes with it. */
  async remove(): Promise<void> {
    const edits: Edit[] = this.outermost().map((id) => ({ edit: "removeComponent", id }));
    for (const id of this.selectedLinks) {
      const link = this.linksById.get(id);
      const goes = (component: string): boolean => isWithin(this.document, component, this.selected);
      if (link && !goes(link.from.component) && !goes(link.to.component)) edits.push({ edit: "disconnect", link });
    }
    for (const id of this.selectedGroups) edits.push({ edit: "setGroup", id });
    const [first] = edits;
    if (!first) return;
    const next = this.#beside([...this.selected][0]);
    await this.edit(edits.length === 1 ? first : { edit: "batch", edits });
    if (next && next in this.document.components) this.cursor = next;
  }

  /** Components, the chosen ones if none are given, without those that are in the body of another of them. */
  outermost(components: Iterable<string> = this.selected): string[] {
    const all = new Set(components);
    return [...all].filter((id) => {
      const parent = this.document.components[id]?.parent;
      return parent === undefined || !isWithin(this.document, parent, all);
    });
  }

  undo(): Promise<boolean> {
    return this.#inOrder(async () => {
      const { undo, revision } = this.state;
      if (undo === null) return;
      const before = this.#look();
      await this.#guess(this.#steps.before(revision));
      const change = await platform.call("flow_undo", { flow: this.name });
      this.#takeReply(change);
      this.#steps.undone(change.base, change.state.revision, before);
      forgetCut(this.name);
      this.say(`Undone: ${undo}`);
    });
  }

  redo(): Promise<boolean> {
    return this.#inOrder(async () => {
      const { redo, revision } = this.state;
      if (redo === null) return;
      const before = this.#look();
      await this.#guess(this.#steps.after(revision));
      const change = await platform.call("flow_redo", { flow: this.name });
      this.#takeReply(change);
      this.#steps.redone(change.base, change.state.revision, before);
      this.say(`Done again: ${redo}`);
    });
  }

  /** Chooses components; or one link, or one group or note. */
  select(components: Iterable<string>, link: string | null = null, group: string | null = null): void {
    this.choose({ components, links: link === null ? [] : [link], groups: group === null ? [] : [group] });
  }

  /** Chooses all of these and nothing else. */
  choose({ components = [], links = [], groups = [] }: Choice): void {
    this.selected = new Set(components);
    this.selectedLinks = new Set(links);
    this.selectedGroups = new Set(groups);
    const [first] = this.selected;
    if (first && !this.selected.has(this.cursor ?? "")) this.cursor = first;
  }

  /** Chooses a component, a group or a note and brings it into view. */
  show(id: string): void {
    const group = this.document.groups[id];
    if (!group && !(id in this.document.components)) return;
    for (const one of group?.members ?? [id])
      for (let up = this.component(one)?.parent; up !== undefined; up = this.component(up)?.parent)
        if (this.folded.has(up)) this.fold(up);
    this.choose(group ? { groups: [id] } : { components: [id] });
    // A body that was folded is drawn first.
    requestAnimationFrame(() => this.canvas?.reveal(id));
  }

  /** Folds the body of a component away, or unfolds it. */
  fold(id: string): void {
    const folded = new Set(this.folded);
    if (!folded.delete(id)) folded.add(id);
    this.folded = folded;
    rememberFolds(this.name, folded);
    this.say(`${this.component(id)?.name ?? id} ${folded.has(id) ? "folded" : "unfolded"}`);
  }

  /** Says something to those who hear what happens on the canvas. */
  say(text: string): void {
    // The same words again are said again.
    this.said = text === this.said ? `${text}\u00a0` : text;
  }

  component(id: string | null | undefined): Component | undefined {
    return id ? this.document.components[id] : undefined;
  }

  /** The links that leave a component. */
  outgoing(id: string): readonly Link[] {
    return this.#linksFrom.get(id) ?? [];
  }

  /** The links that arrive at a component. */
  incoming(id: string): readonly Link[] {
    return this.#linksTo.get(id) ?? [];
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

  #look(): Look {
    return { document: this.document, views: this.views, shape: this.#shape };
  }

  #show(look: Look | undefined): void {
    if (!look) return;
    this.document = look.document;
    this.views = look.views;
    this.#shape = look.shape;
  }

  /** Shows what will be, before the host is asked to make it so: nothing that comes of that is to hold it up. */
  async #guess(look: Look | undefined, choice?: Choice): Promise<void> {
    if (!look) return;
    this.#sure = this.#look();
    this.#show(look);
    if (choice) this.choose(choice);
    this.#forgetRemoved();
    await painted();
  }

  /** Takes the reply to what was asked for, which may be so already: then what is shown ahead of the host goes. */
  #takeReply(change: FlowChange): void {
    this.take(change);
    if (change.state.revision !== this.state.revision) return;
    this.#show(this.#sure);
    this.#sure = undefined;
  }

  #beside(id: string | undefined): string | undefined {
    if (!id) return undefined;
    return this.incoming(id)[0]?.from.component ?? this.outgoing(id)[0]?.to.component;
  }

  #forgetRemoved(): void {
    const stay = [...this.selected].filter((id) => id in this.document.components);
    if (stay.length !== this.selected.size) this.selected = new Set(stay);
    const links = [...this.selectedLinks].filter((id) => this.linksById.has(id));
    if (links.length !== this.selectedLinks.size) this.selectedLinks = new Set(links);
    const groups = [...this.selectedGroups].filter((id) => id in this.document.groups);
    if (groups.length !== this.selectedGroups.size) this.selectedGroups = new Set(groups);
    if (this.cursor && !(this.cursor in this.document.components)) this.cursor = null;
  }

  #theOnly(chosen: ReadonlySet<string>, ...others: ReadonlySet<string>[]): string | null {
    const [one] = chosen;
    return one !== undefined && chosen.size === 1 && others.every(({ size }) => size === 0) ? one : null;
  }

  #inOrder(work: () => Promise<void>): Promise<boolean> {
    this.#asked += 1;
    const done = this.#order.then(work).then(
      () => true,
      (thrown: unknown) => {
        const error = CallError.from(thrown);
        toasts.error("The change was not made", error.message);
        this.say(`Not done: ${error.message}`);
        // What the canvas shows may run ahead of the document: draw the document again.
        this.#show(this.#sure);
        this.document = { ...this.document };
        this.#sure = undefined;
        this.#forgetRemoved();
        return false;
      },
    );
    this.#order = done.then(() => (this.#asked -= 1));
    return done;
  }
}
