import type { Commit } from "../src/platform";

/** Answers that are always the same. */
export const replies = (log: () => Commit[]) => ({
  vcs_status: () => ({
    branch: "main",
    head: log()[0],
    remote: "git@example.com:shop/flows.git",
    changed: [
      { path: "flows/order import.flow.json", flow: "order import", change: "modified" },
      { path: "flows/checks/sizes.flow.json", flow: "checks/sizes", change: "added" },
      { path: "connections/shop.json", flow: null, change: "modified" },
    ],
    ahead: 2,
    behind: 0,
    obstacle: null,
  }),
  cluster_list: () => ({
    clusters: [
      {
        name: "tour",
        urls: ["http://127.0.0.1:7401"],
        account: { name: "anna", role: "Author" },
        tokenKeptIn: "keyring",
      },
      { name: "production", urls: ["https://flows.example.com"], account: null, tokenKeptIn: null },
    ],
    chosen: "tour",
  }),
  cluster_overview: () => ({
    cluster: "tour",
    counts: { Running: 12, Finished: 240 },
    problem: null,
    servers: ["amber", "basalt", "chalk"].map((name, at) => ({
      id: name,
      name,
      state: at === 2 ? "Terminated" : "Running",
      address: `http://127.0.0.1:740${at}`,
      epoch: 3,
      pid: 4000 + at,
      started: new Date(Date.now() - 9e5).toISOString(),
      requestsRunning: 6,
      versions: [{ project: "shop", version: "abc", commit: "9f8e7d6c5b4a", since: new Date().toISOString() }],
      reachable: at !== 2,
      problem: null,
    })),
  }),
});
