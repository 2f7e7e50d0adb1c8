const units = ["bytes", "kB", "MB", "GB", "TB"];

/** A size in a unit that suits it: `1.5 MB`. */
export function bytes(size: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, size)) / 3)));
  const amount = size / 1000 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : Number(amount.toFixed(1))} ${units[power]}`;
}
