import type { Role } from "../../generated/types";

/** The roles, from the least on, and what each may do beyond the one before. */
export const roles: readonly { role: Role; may: string }[] = [
  { role: "Viewer", may: "Sees requests, servers, versions and logs." },
  { role: "Operator", may: "Starts, re-executes and cancels requests; tries connections." },
  { role: "Author", may: "Brings projects up to date; sets secrets and git credentials." },
  { role: "Administrator", may: "Registers projects, and changes settings and accounts." },
];
