// The projects that are measured: flows of so many components in a grid, each row a path of mappers from the start.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CELL, idOf, place } from "./grid.mjs";

/** A flow of `count` components. `salt` makes its expressions other than those of other flows. */
export function flow(count, salt = "") {
  const components = [
    {
      id: "start-bench0",
      type: "Start",
      name: "Start",
      properties: { Inputs: [{ name: "id", type: "Integer" }] },
    },
  ];
  const links = [];
  const layout = { "start-bench0": [-CELL.x, 0] };
  for (let n = 0; n < count - 1; n++) {
    const id = idOf(n);
    const fields = [
      { field: "id", expression: "id + 1" },
      {
        field: "text",
        expression: `concat('${salt}${n % 7}', CAST(id AS VARCHAR))`,
      },
    ];
    components.push({
      id,
      type: "Mapper",
      name: `Component ${n}`,
      properties: { Fields: fields },
    });
    const { column, x, y } = place(n, count);
    layout[id] = [x, y];
    links.push({
      from: `${column === 0 ? "start-bench0" : idOf(n - 1)}.out`,
      to: `${id}.in`,
    });
  }
  return { format: 2, components, links, layout };
}

/** A project with these flows, by name; answers its folder. */
export function project(folder, flows) {
  mkdirSync(join(folder, "flows"), { recursive: true });
  writeFileSync(
    join(folder, "project.json"),
    '{"format": 1, "name": "bench"}\n',
  );
  for (const [name, content] of Object.entries(flows))
    writeFileSync(
      join(folder, "flows", `${name}.flow.json`),
      JSON.stringify(content, null, 1),
    );
  return folder;
}
