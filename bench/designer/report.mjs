// Figures for people and for programs.

/** The median, the least and the most of some values. */
function spread(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const round = (value) => Math.round(value * 10) / 10;
  return {
    median: round(at(0.5)),
    min: round(at(0)),
    max: round(at(1)),
    p95: round(at(0.95)),
    values: sorted.length,
  };
}

/** A figure: its spread, what it may be (`target`), and the same of the bare library or of a peer. */
export function figure(what, unit, values, { target, bare, peer } = {}) {
  return {
    what,
    unit,
    ...spread(values),
    ...(target ? { target } : {}),
    ...(bare ? { bare: spread(bare) } : {}),
    ...(peer ? { peer: spread(peer) } : {}),
  };
}

/** Prints all figures. */
export function print({ about, figures }, json) {
  if (json)
    return console.log(
      JSON.stringify({ about, figures: figures.map(withRatio) }, null, 2),
    );
  console.log(
    `${about.build} build, ${about.browser}, ${about.machine}, canvas ${about.canvas ? `${about.canvas.width}×${about.canvas.height}` : "not measured"}`,
  );
  const rows = figures
    .map(withRatio)
    .map((figure) => [
      figure.what,
      `${figure.median} ${figure.unit}`,
      `${figure.min} to ${figure.max}`,
      `${figure.p95}`,
      figure.target
        ? `${figure.target} ${figure.median <= figure.target ? "held" : "MISSED"}`
        : "",
      figure.bare ? `${figure.bare.median}` : "",
      figure.peer ? `${figure.peer.median}` : "",
      figure.ratio ? `${figure.ratio}` : "",
    ]);
  const head = [
    "",
    "median",
    "min to max",
    "95%",
    "target",
    "bare",
    "diagram-js",
    "ratio",
  ];
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at].length)),
  );
  for (const row of [head, ...rows])
    console.log(
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
        )
        .join("  ")
        .trimEnd(),
    );
}

const withRatio = (figure) =>
  figure.bare
    ? {
        ...figure,
        ratio: Math.round((figure.median / figure.bare.median) * 100) / 100,
      }
    : figure;
