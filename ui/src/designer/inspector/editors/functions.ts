import { platform, type SqlFunction } from "../../../platform";

let asked: Promise<readonly SqlFunction[]> | undefined;
let known: readonly SqlFunction[] = [];

/** The functions that expressions and queries may call, as the engine tells of them; asked for once. */
export function sqlFunctions(): Promise<readonly SqlFunction[]> {
  asked ??= platform.call("sql_functions", {}).then(
    ({ functions }) => (known = functions),
    () => {
      asked = undefined;
      return known;
    },
  );
  return asked;
}

/** The function of this name, once they are known. */
export function functionNamed(name: string): SqlFunction | undefined {
  const wanted = name.toLowerCase();
  return known.find((one) => one.name === wanted);
}
