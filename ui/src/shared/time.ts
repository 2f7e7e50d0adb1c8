/** How long ago `then` was (or how far ahead it is), in words: `12 s ago`, `3 min ago`, `in 5 s`. */
export function ago(then: number, now: number): string {
  const seconds = Math.round((then - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return seconds > 0 ? "now" : "just now";
  const say = (amount: string): string => (seconds < 0 ? `${amount} ago` : `in ${amount}`);
  if (size < 60) return say(`${size} s`);
  if (size < 3600) return say(`${Math.round(size / 60)} min`);
  if (size < 86_400) return say(`${Math.round(size / 3600)} h`);
  return say(counted(Math.round(size / 86_400), "day"));
}

/** The exact time, in the viewer's zone. */
export function exact(then: number): string {
  const date = new Date(then);
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  const pad = (n: number): string => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${ms}`;
}

/** A length of time: `840 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number with its thousands apart: `3,213`. */
export function count(n: number): string {
  return n.toLocaleString("en");
}

/** A number of things, in words: `1 request`, `3,213 requests`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
