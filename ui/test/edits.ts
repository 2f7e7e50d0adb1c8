import type { Edit, Flow, FlowPatch } from "../src/platform";
import { patched } from "../src/designer/state/patch";

/** The document after an edit, as the real host makes it. */
export function applied(flow: Flow, edit: Edit): Flow {
  const empty: FlowPatch = { components: {}, removedComponents: [], links: [], removedLinks: [], layout: {} };
  const component = "id" in edit ? flow.components[edit.id] : undefined;
  switch (edit.edit) {
    case "batch":
      return edit.edits.reduce(applied, flow);
    case "addComponent":
      return patched(flow, {
        ...empty,
        components: { [edit.id]: edit.component },
        layout: { [edit.id]: edit.position },
      });
    case "removeComponent":
      return patched(flow, {
        ...empty,
        removedComponents: [edit.id],
        removedLinks: flow.links.filter(({ from, to }) => from.component === edit.id || to.component === edit.id),
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
