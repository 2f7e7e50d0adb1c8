import type { Role } from "../../generated/types";

/** The roles, from the least on, and what each may do beyond the one before. */
export const roles: readonly { role: Role; may: string }[] = [
  { role: "Viewer", may: "Sees requests, servers and versions." },
  { role: "Operator", may: "Starts, re-executes and cancels requests, and reads the servers’ logs." },
  { role: "Author", may: "Brings projects up to date and sets the secrets of connections." },
  { role: "Administrator", may: "Registers projects, and changes settings and accounts." },
];
