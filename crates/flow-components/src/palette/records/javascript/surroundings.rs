//! What a script finds around it: the language itself, `console.log`, and, unless it asks for it, no clock.

/// Evaluated once in every machine, before the script is compiled. Gives the function that hands out the logged lines.
///
/// The global object cannot be changed afterwards, so that one call of a script leaves nothing behind for the next.
pub(super) const SETUP: &str = r#"
(clock) => {
  "use strict";
  const lines = [];
  const shown = (value) => {
    if (typeof value === "string") return value;
    try {
      return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString() : part)) ?? String(value);
    } catch {
      return String(value);
    }
  };
  const log = (...values) => {
    if (lines.length < 100) lines.push(values.map(shown).join(" ").slice(0, 2000));
    else if (lines.length === 100) lines.push("… and more: only the first 100 lines are written");
  };
  globalThis.console = Object.freeze({ log, info: log, warn: log, error: log, debug: log });

  if (!clock) {
    const refuse = (what) => {
      throw new Error(
        `${what} is off, since a script must give the same result when it runs again: pass the time in as an input, or switch Clock on`,
      );
    };
    const RealDate = Date;
    const TimelessDate = new Proxy(RealDate, {
      construct: (target, values, as) =>
        values.length === 0 ? refuse("new Date()") : Reflect.construct(target, values, as),
      apply: () => refuse("Date()"),
    });
    RealDate.now = () => refuse("Date.now()");
    RealDate.prototype.constructor = TimelessDate;
    globalThis.Date = TimelessDate;
    Math.random = () => refuse("Math.random()");
  }

  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = globalThis[name];
    if (value !== globalThis && (typeof value === "function" || (typeof value === "object" && value !== null))) {
      Object.freeze(value);
    }
  }
  Object.freeze(globalThis);
  return () => lines.splice(0);
}
"#;
