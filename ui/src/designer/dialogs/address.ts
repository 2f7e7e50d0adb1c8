/** An address of a server that an author has written, made whole: or what is wrong with it. */
export type Address = { url: string; added?: "http://" | "https://" } | { wrong: string };

/**
 * Reads the address of a server. One without a scheme gets `https://`, or `http://` where it is this machine, whose servers
 * need no certificate.
 */
export function readAddress(text: string): Address {
  const given = text.trim();
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https")
    return { wrong: `A server is reached by http:// or https://, not by ${scheme}://.` };
  const added = scheme !== undefined ? undefined : isThisMachine(given) ? "http://" : "https://";
  const url = `${added ?? ""}${given}`;
  // Some browsers take blanks in the name of a host.
  if (/\s/.test(given) || !URL.canParse(url))
    return { wrong: "This is no address. Write it like https://server.example:7400." };
  return added === undefined ? { url } : { url, added };
}

/** Whether an address without a scheme names the machine that it is written on. */
function isThisMachine(address: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(?=[:/]|$)/i.test(address);
}
