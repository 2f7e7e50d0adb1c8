import type { Component, Edit, Flow, FlowPatch } from "../src/platform";
import { patched } from "../src/designer/state/patch";

/** The document after an edit, as the real host makes it. */
export function applied(flow: Flow, edit: Edit): Flow {
  const empty: FlowPatch = {
    components: {},
    removedComponents: [],
    links: [],
    removedLinks: [],
    groups: {},
    removedGroups: [],
    layout: {},
  };
  const component = "id" in edit ? flow.components[edit.id] : undefined;
  switch (edit.edit) {
    case "replace":
      return edit.flow;
    case "batch":
      return edit.edits.reduce(applied, flow);
    case "addComponent":
      return patched(flow, {
        ...empty,
        components: { [edit.id]: edit.component },
        layout: { [edit.id]: edit.position },
      });
    case "removeComponent": {
      const gone = new Set([edit.id, ...inside(flow, edit.id)]);
      const removedLinks = flow.links.filter(({ from, to }) => gone.has(from.component) || gone.has(to.component));
      return patched(flow, { ...empty, removedComponents: [...gone], removedLinks });
    }
    case "setParent": {
      const moved = new Set(Object.keys(edit.positions));
      const components: Record<string, Component> = {};
      for (const id of moved) {
        const { type, name, properties } = flow.components[id] as Component;
        components[id] = { type, name, properties, ...(edit.parent === undefined ? {} : { parent: edit.parent }) };
      }
      const removedLinks = flow.links.filter(({ from, to }) => moved.has(from.component) !== moved.has(to.component));
      return patched(flow, { ...empty, components, layout: edit.positions, removedLinks });
    }
    case "setGroup":
      return patched(flow, {
        ...empty,
        groups: edit.group ? { [edit.id]: edit.group } : {},
        removedGroups: edit.group ? [] : [edit.id],
      });
    case "move":
      return patched(flow, { ...empty, layout: { [edit.id]: edit.position } });
    case "connect":
      return patched(flow, { ...empty, links: [edit.link] });
    case "disconnect":
      return patched(flow, { ...empty, removedLinks: [edit.link] });
    case "setDescription":
      return { ...flow, description: edit.description };
    case "rename":
      return component
        ? patched(flow, { ...empty, components: { [edit.id]: { ...component, name: edit.name } } })
        : flow;
    case "setProperty": {
      if (!component) return flow;
      const others = Object.entries(component.properties).filter(([name]) => name !== edit.property);
      const properties = Object.fromEntries(edit.value === null ? others : [...others, [edit.property, edit.value]]);
      return patched(flow, { ...empty, components: { [edit.id]: { ...component, properties } } });
    }
  }
}

function inside(flow: Flow, id: string): string[] {
  const children = Object.keys(flow.components).filter((child) => flow.components[child]?.parent === id);
  return children.flatMap((child) => [child, ...inside(flow, child)]);
}
