import type { Flow, Link } from "../generated/types";

/** The ports of a component that links use; those of its body apart. */
export interface LinkedPorts {
  inlets: ReadonlySet<string>;
  outlets: ReadonlySet<string>;
  bodyInlets: ReadonlySet<string>;
  bodyOutlets: ReadonlySet<string>;
}

/** How a link stands to the bodies of its flow: inside of one (or outside of all), or at the border of one. */
export function linkPlace(flow: Flow, { from, to }: Link): "within" | "enters" | "leaves" {
  if (flow.components[to.component]?.parent === from.component) return "enters";
  if (flow.components[from.component]?.parent === to.component) return "leaves";
  return "within";
}

/** The ports that links use, by component, in the order of `links`. */
export function portsInUse(flow: Flow, links: readonly Link[] = flow.links): Map<string, LinkedPorts> {
  const used = new Map<string, Record<keyof LinkedPorts, Set<string>>>();
  const of = (id: string): Record<keyof LinkedPorts, Set<string>> => {
    const known = used.get(id) ?? {
      inlets: new Set(),
      outlets: new Set(),
      bodyInlets: new Set(),
      bodyOutlets: new Set(),
    };
    used.set(id, known);
    return known;
  };
  for (const link of links) {
    const place = linkPlace(flow, link);
    of(link.from.component)[place === "enters" ? "bodyOutlets" : "outlets"].add(link.from.port);
    of(link.to.component)[place === "leaves" ? "bodyInlets" : "inlets"].add(link.to.port);
  }
  return used;
}
