import type { ConflictView, Pulled } from "../src/platform";

/** What a pull answers: conflicts, until somebody decides. */
export function pulled(decided: boolean): Pulled {
  if (decided) return { from: "a1b2c3d", to: "e4f5a6b", conflicts: [] };
  const places: ConflictView[] = [
    {
      key: "read/Path/Path of “Read orders”",
      component: "read",
      what: "Path of “Read orders”",
      before: "project:data/orders.csv",
      mine: "storage:orders/${month}.csv",
      theirs: "project:data/orders-${month}.csv",
    },
    {
      key: "map/Fields/Fields of “To warehouse”",
      component: "map",
      what: "Fields of “To warehouse”",
      before: [{ field: "total", expression: "amount" }],
      mine: [{ field: "total", expression: "round(amount * (1 + tax), 2)" }],
      theirs: "the default",
    },
  ];
  return {
    from: "a1b2c3d",
    to: "a1b2c3d",
    conflicts: [
      { path: "flows/order import.flow.json", flow: "order import", places, words: places.map(({ what }) => what) },
      { path: "data/rates.csv", flow: null, places: [], words: ["both sides changed the same lines"] },
    ],
  };
}
