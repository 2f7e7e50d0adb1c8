/** Lets the browser fetch a file: who serves it tells that it is one, and what it is called. */
export function downloadFrom(address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  link.click();
}
