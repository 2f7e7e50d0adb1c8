import type {
  About,
  Account,
  AccountChange,
  AuditQuery,
  AuditRecord,
  ConnectionEntry,
  DueTime,
  GitAccessTest,
  GitCredential,
  MetricsHistory,
  MetricsQuery,
  NewAccount,
  NewGitCredential,
  NewPassword,
  NewProject,
  NewToken,
  NewTokenReply,
  Page,
  PasswordChange,
  Project,
  ProjectChange,
  ProjectCommit,
  ProjectOnServer,
  Request,
  RetentionReport,
  SavedFilter,
  SecretEntry,
  Server,
  ServerLog,
  ServerLogQuery,
  Setting,
  SettingChange,
  TestResult,
  Token,
  TriggerEntry,
  TriggerFiring,
} from "../generated/types";
import { addressOf, call } from "./api";

const part = encodeURIComponent;

/** The account that is signed in. */
export const own = {
  changePassword: (change: PasswordChange) => call<undefined>("POST", "/password", change),
  tokens: () => call<Token[]>("GET", "/tokens"),
  createToken: (wish: NewToken) => call<NewTokenReply>("POST", "/tokens", wish),
  revokeToken: (id: number) => call<undefined>("DELETE", `/tokens/${id}`),
  gitCredentials: () => call<GitCredential[]>("GET", "/account/git-credentials"),
  setGitCredential: (one: NewGitCredential) => call<GitCredential[]>("PUT", "/account/git-credentials", one),
  removeGitCredential: (host: string) => call<undefined>("DELETE", addressOf("/account/git-credentials", { host })),
  testGitCredentials: (test: GitAccessTest) => call<TestResult>("POST", "/account/git-credentials/test", test),
  filters: {
    list: () => call<SavedFilter[]>("GET", "/account/filters"),
    save: (filter: SavedFilter) => call<SavedFilter[]>("PUT", "/account/filters", filter),
    remove: (name: string) => call<undefined>("DELETE", `/account/filters/${part(name)}`),
  },
};

/** Every account, for administrators. */
export const users = {
  list: () => call<Account[]>("GET", "/users"),
  add: (account: NewAccount) => call<Account>("POST", "/users", account),
  change: (name: string, change: AccountChange) => call<Account>("PATCH", `/users/${part(name)}`, change),
  resetPassword: (name: string) => call<NewPassword>("POST", `/users/${part(name)}/reset-password`, {}),
};

/** The audit trail, the newest first. */
export const readAudit = (query: AuditQuery) => call<Page<AuditRecord>>("GET", addressOf("/audit", query));

/** The servers and the settings of the cluster. */
export const cluster = {
  about: () => call<About>("GET", "/about"),
  rename: (id: string, name: string) => call<Server>("PUT", `/servers/${part(id)}/name`, { name }),
  log: (id: string, query: ServerLogQuery) => call<ServerLog>("GET", addressOf(`/servers/${part(id)}/log`, query)),
  metrics: (query: MetricsQuery) => call<MetricsHistory>("GET", addressOf("/metrics/history", query)),
  settings: () => call<Setting[]>("GET", "/settings"),
  changeSetting: (key: string, change: SettingChange) => call<Setting>("PUT", `/settings/${part(key)}`, change),
  /** What retention would do, with these settings in the place of those that hold. */
  previewRetention: (settings: Record<string, unknown>) =>
    call<RetentionReport>("POST", "/retention/preview", { settings }),
};

const of = (project: string, what = ""): string => `/projects/${part(project)}${what}`;
const secretsOf = (project: string, connection: string): string =>
  of(project, `/connections/${part(connection)}/secrets`);

/** The projects of the cluster, beside updating them. */
export const projects = {
  register: (project: NewProject) => call<Project>("POST", "/projects", project),
  change: (name: string, change: ProjectChange) => call<Project>("PUT", of(name), change),
  testAccess: (name: string) => call<TestResult>("POST", of(name, "/test-access"), {}),
  history: (name: string, after?: string) =>
    call<Page<ProjectCommit>>("GET", addressOf(of(name, "/history"), { after, limit: 20 })),
  servers: (name: string) => call<ProjectOnServer[]>("GET", of(name, "/servers")),
  connections: (name: string) => call<ConnectionEntry[]>("GET", of(name, "/connections")),
  testConnection: (name: string, connection: string) =>
    call<TestResult>("POST", of(name, `/connections/${part(connection)}/test`), {}),
  setSecrets: (name: string, connection: string, secrets: Record<string, string>) =>
    call<SecretEntry[]>("PUT", secretsOf(name, connection), { secrets }),
  removeSecret: (name: string, connection: string, field: string) =>
    call<SecretEntry[]>("DELETE", addressOf(secretsOf(name, connection), { field })),
};

const triggerOf = (project: string, id: string, what: string): string =>
  `/triggers/${part(project)}/${part(id)}/${what}`;

/** What starts requests by itself. */
export const triggers = {
  list: () => call<TriggerEntry[]>("GET", "/triggers"),
  turn: (project: string, id: string, on: boolean) =>
    call<TriggerEntry>("POST", triggerOf(project, id, on ? "on" : "off"), {}),
  fire: (project: string, id: string) => call<Request>("POST", triggerOf(project, id, "fire"), {}),
  next: (project: string, id: string) =>
    call<DueTime[]>("GET", addressOf(triggerOf(project, id, "next"), { limit: 5 })),
  firings: (project: string, id: string) =>
    call<TriggerFiring[]>("GET", addressOf(triggerOf(project, id, "firings"), { limit: 20 })),
};
