/** Where the views stand in the address: as its path, or behind `#` where no server knows the paths. */
export type RouteWay = "path" | "hash";

/** Values of an address's query; what is empty is left out. */
export type RouteQuery = Record<string, string | number | undefined>;

/** The address of what is shown. Links are real links; a click on one changes the view without loading the page. */
export class Router {
  #way: RouteWay;
  #url = $state.raw(new URL("http://view/"));

  readonly path = $derived(this.#url.pathname);
  readonly query = $derived(this.#url.searchParams);

  constructor(way: RouteWay) {
    this.#way = way;
    this.#look();
    window.addEventListener("popstate", () => this.#look());
    window.addEventListener("hashchange", () => this.#look());
  }

  /** The address of a view, for a link. */
  href(path: string, query: RouteQuery = {}): string {
    const text = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined && value !== "") text.set(name, String(value));
    const search = text.size > 0 ? `?${text}` : "";
    return `${this.#way === "hash" ? "#" : ""}${path}${search}`;
  }

  /** Shows a view. `replace` leaves no step for the back button. */
  go(path: string, query: RouteQuery = {}, replace = false): void {
    this.#open(this.href(path, query), replace);
  }

  /** The handler of clicks on the page: follows links to other views. */
  readonly follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = (event.target as Element).closest("a");
    if (!link || link.hasAttribute("download") || link.target !== "" || link.origin !== location.origin) return;
    const href = link.getAttribute("href") ?? "";
    if (!href.startsWith(this.#way === "hash" ? "#/" : "/")) return;
    event.preventDefault();
    this.#open(href, false);
  };

  #open(href: string, replace: boolean): void {
    if (replace) history.replaceState(null, "", href);
    else history.pushState(null, "", href);
    this.#look();
  }

  #look(): void {
    const inHash = location.hash.startsWith("#/") ? location.hash.slice(1) : "/";
    this.#url = new URL(this.#way === "hash" ? inHash : location.pathname + location.search, "http://view");
  }
}

/** The addresses of the views that monitor and console share. */
export const places = {
  servers: "/servers",
  requests: "/requests",
  request: (id: number): string => `/requests/${id}`,
};

/** The request that an address is about, if it is about one. */
export function requestAt(path: string): number | undefined {
  const id = /^\/requests\/(\d+)\/?$/.exec(path)?.[1];
  return id === undefined ? undefined : Number(id);
}
