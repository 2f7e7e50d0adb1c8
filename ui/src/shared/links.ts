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

const NONE: ReadonlySet<string> = new Set();
const NO_PORTS: LinkedPorts = { inlets: NONE, outlets: NONE, bodyInlets: NONE, bodyOutlets: NONE };

/** The ports that links use, by component, in the order of `links`. */
export function portsInUse(flow: Flow, links: readonly Link[] = flow.links): Map<string, LinkedPorts> {
  const used = new Map<string, LinkedPorts>();
  const add = (id: string, way: keyof LinkedPorts, port: string): void => {
    const known = used.get(id) ?? NO_PORTS;
    if (known[way].has(port)) return;
    used.set(id, { ...known, [way]: new Set(known[way]).add(port) });
  };
  for (const link of links) {
    const place = linkPlace(flow, link);
    add(link.from.component, place === "enters" ? "bodyOutlets" : "outlets", link.from.port);
    add(link.to.component, place === "leaves" ? "bodyInlets" : "inlets", link.to.port);
  }
  return used;
}
