const LETTERS = "abcdefghijkmnpqrstuvwxyz";

/** A password that is made by chance, easy to read out: four groups of five letters. */
export function chancePassword(): string {
  const group = (): string => Array.from({ length: 5 }, () => LETTERS[below(LETTERS.length)]).join("");
  return Array.from({ length: 4 }, group).join("-");
}

/** A number from 0 up to `limit`, each as likely as the others. */
function below(limit: number): number {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  return byte < 256 - (256 % limit) ? byte % limit : below(limit);
}
