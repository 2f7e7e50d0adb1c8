/** A commit or a project version as people say it: its first seven letters, as git has them. What is not there stays so. */
export function shortVersion(id: string): string;
export function shortVersion(id: string | null | undefined): string | undefined;
export function shortVersion(id: string | null | undefined): string | undefined {
  return id?.slice(0, 7);
}
