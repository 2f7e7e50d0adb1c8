/** What a pull answers: conflicts, until somebody decides. */
export function pulled(decided: boolean): unknown {
  if (decided) return { from: "a1b2c3d", to: "e4f5a6b", conflicts: [] };
  const place = (component: string, property?: string): unknown => ({ component, ...(property ? { property } : {}) });
  const places = [
    {
      place: place("read", "Path"),
      what: "Path of “Read orders”",
      base: "project:data/orders.csv",
      ours: "storage:orders/${month}.csv",
      theirs: "project:data/orders-${month}.csv",
    },
    {
      place: place("map", "Fields"),
      what: "Fields of “To warehouse”",
      base: [{ field: "total", expression: "amount" }],
      ours: [{ field: "total", expression: "round(amount * (1 + tax), 2)" }],
      theirs: null,
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
