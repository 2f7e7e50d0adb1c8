/* eslint max-lines: off */
/** The shapes that travel through the door. */
export interface Position {
  x: number;
  y: number;
}
export interface PortRef {
  component: string;
  port: string;
}
export interface Link {
  from: PortRef;
  to: PortRef;
}
export interface Component {
  type: string;
  name: string;
  parent?: string;
  properties: Record<string, unknown>;
}
export interface Flow {
  description: string;
  components: Record<string, Component>;
  links: Link[];
  layout: Record<string, Position>;
}
export type Family = "control" | "checkpoint" | "file" | "transform" | "database" | "network";
export type Effect = "none" | "reads" | "changes";
export interface Choice {
  value: string;
  title: string;
}
export type PropertyKind =
  | { kind: "text" }
  | { kind: "multiline" }
  | { kind: "path" }
  | { kind: "integer"; min: number; max: number }
  | { kind: "seconds"; min: number }
  | { kind: "boolean" }
  | { kind: "choice"; choices: Choice[] }
  | { kind: "expression"; condition: boolean }
  | { kind: "mapping" }
  | { kind: "branches" }
  | { kind: "pairs" }
  | { kind: "fields" }
  | { kind: "inputs" }
  | { kind: "connection"; kinds: string[] };
export interface PropertyDescription {
  name: string;
  title: string;
  help: string;
  kind: PropertyKind;
  default: unknown;
  required: boolean;
}
export interface ComponentDescription {
  kind: string;
  title: string;
  family: Family;
  icon: string;
  summary: string;
  help: string;
  properties: PropertyDescription[];
  effect: Effect;
  saves: boolean;
  line: string;
}
export interface PortDescription {
  name: string;
  title: string;
}
export interface Ports {
  inlets: PortDescription[];
  outlets: PortDescription[];
}
export type Severity = "hint" | "warning" | "error";
export interface Place {
  component?: string;
  property?: string;
  link?: Link;
}
export interface Diagnostic {
  code: string;
  severity: Severity;
  message: string;
  place: Place;
}
export interface CommandError {
  code: string;
  message: string;
  place?: Place;
}
export type Edit =
  | { edit: "addComponent"; id: string; component: Component; position: Position; index: number | null }
  | { edit: "removeComponent"; id: string }
  | { edit: "rename"; id: string; name: string }
  | { edit: "setProperty"; id: string; property: string; value: unknown }
  | { edit: "move"; id: string; position: Position }
  | { edit: "connect"; link: Link }
  | { edit: "disconnect"; link: Link }
  | { edit: "setDescription"; description: string }
  | { edit: "batch"; edits: Edit[] };

export type HostKind = "desktop" | "browser" | "none";
export interface HostDescription {
  kind: HostKind;
  version: string;
}
export interface FlowSummary {
  name: string;
  problem: string | null;
  dirty: boolean;
  recovered: boolean;
}
export interface ConnectionSummary {
  name: string;
  kind: string;
  address: string;
  problem: string | null;
}
export interface ProjectView {
  name: string;
  path: string;
  flows: FlowSummary[];
  connections: ConnectionSummary[];
  versioned: boolean;
}
export interface RecentProject {
  name: string;
  path: string;
}
export interface PaletteView {
  components: ComponentDescription[];
}
export interface FlowState {
  revision: number;
  dirty: boolean;
  undo: string | null;
  redo: string | null;
}
export interface ComponentView {
  ports: Ports;
  line: string;
  settles: boolean;
  runsAgain: string[];
}
export interface Field {
  name: string;
  type: string;
  nullable: boolean;
}
export interface FlowChecked {
  flow: string;
  revision: number;
  diagnostics: Diagnostic[];
  fields: Record<string, Record<string, Field[]>>;
}
export interface FlowView {
  flow: string;
  document: Flow;
  views: Record<string, ComponentView>;
  state: FlowState;
  diagnostics: Diagnostic[];
  checked: FlowChecked | null;
  recovered: boolean;
}
export interface FlowPatch {
  components: Record<string, Component>;
  removedComponents: string[];
  links: Link[];
  removedLinks: Link[];
  layout: Record<string, Position>;
  description?: string;
}
export interface FlowChange {
  flow: string;
  base: number;
  state: FlowState;
  patch: FlowPatch;
  views: Record<string, ComponentView>;
  diagnostics: Diagnostic[];
}
export interface FlowSaved {
  flow: string;
  state: FlowState;
}
export interface NewComponent {
  id: string;
  component: Component;
  ports: Ports;
}
export interface CopiedText {
  text: string;
}

export interface OutletRun {
  rows: number;
}
export type ComponentRunState = "running" | "finished" | "failed";
export interface ComponentRun {
  state: ComponentRunState;
  attempt: number;
  took: number | null;
  outlets: Record<string, OutletRun>;
  note: string | null;
}
export interface RunLogLine {
  at: number;
  component: string | null;
  failure: boolean;
  message: string;
}
export type RunOutcome =
  | { state: "running" }
  | { state: "finished"; reply: unknown }
  | { state: "error"; code: string; message: string; component: string | null }
  | { state: "stopped" };
export interface RunView {
  run: number;
  flow: string;
  revision: number;
  started: number;
  outcome: RunOutcome;
  components: Record<string, ComponentRun>;
  log: RunLogLine[];
}
export interface RunChanged {
  run: number;
  flow: string;
  outcome: RunOutcome;
  components: Record<string, ComponentRun>;
  log: RunLogLine[];
}
export interface StreamView {
  fields: Field[];
  rows: Record<string, unknown>[];
  total: number;
}

export type FileChange = "added" | "modified" | "deleted" | "renamed" | "conflicted";
export interface ChangedFile {
  path: string;
  flow: string | null;
  change: FileChange;
}
export interface Commit {
  id: string;
  message: string;
  author: string;
  at: number;
}
export interface VcsView {
  branch: string | null;
  head: Commit | null;
  remote: string | null;
  changed: ChangedFile[];
  ahead: number;
  behind: number;
  obstacle: string | null;
}
export interface Pulled {
  from: string | null;
  to: string;
}

export type Role = "Viewer" | "Operator" | "Author" | "Administrator";
export interface Account {
  name: string;
  role: Role;
}
export interface ClusterView {
  name: string;
  urls: string[];
  account: Account | null;
  tokenKeptIn: "keyring" | "file" | null;
}
export interface ClusterListView {
  clusters: ClusterView[];
  chosen: string | null;
}
export type ServerState = "Running" | "Draining" | "Terminated";
export type RequestState = "Queued" | "Running" | "Waiting" | "WaitingForRetry" | "Finished" | "Error" | "Cancelled";
export interface ProjectVersion {
  project: string;
  version: string;
  commit: string;
  since: string;
}
export interface Server {
  id: string;
  name: string;
  state: ServerState;
  address: string;
  epoch: number;
  pid: number;
  started: string;
  terminated?: string;
  requestsRunning: number;
  versions: ProjectVersion[];
}
export type ServerView = Server & { reachable: boolean; problem: string | null };
export interface ClusterOverview {
  cluster: string;
  servers: ServerView[];
  counts: Partial<Record<RequestState, number>>;
  problem: string | null;
}
export interface Takeover {
  dead: string;
  survivor: string;
  count: number;
}
export interface ClusterChanged {
  cluster: string;
  servers: boolean;
  requests: number[] | null;
  takeovers: Takeover[];
}
export type UpdateStep =
  | { step: "waiting" }
  | { step: "updating" }
  | { step: "updated"; from: string | null; version: string; took: number; problems: string[] }
  | { step: "down" }
  | { step: "failed"; code: string; message: string };
export type ServerUpdate = { server: string; name: string } & UpdateStep;
export interface PushUpdateProgress {
  cluster: string;
  project: string;
  commit: string;
  pushed: number;
  servers: ServerUpdate[];
  done: boolean;
}
export type TourPhase = "starting" | "running" | "killed" | "takenOver" | "done" | "failed";
export interface TourReport {
  requests: number;
  finished: number;
  lost: number;
  settledComponentsRepeated: number;
  killToFirstResumedComponent: number | null;
}
export interface TourProgress {
  cluster: string;
  phase: TourPhase;
  message: string;
  requests: number;
  finished: number;
  killed: string | null;
  survivor: string | null;
  report: TourReport | null;
}
export interface TourPlanView {
  possible: boolean;
  reason: string | null;
  cluster: string | null;
  flow: string | null;
  requests: number;
  servers: string[];
}

export type MenuItem =
  | "new-flow"
  | "open-project"
  | "new-project"
  | "save"
  | "save-all"
  | "close-flow"
  | "undo"
  | "redo"
  | "cut"
  | "copy"
  | "paste"
  | "delete"
  | "select-all"
  | "zoom-in"
  | "zoom-out"
  | "zoom-to-fit"
  | "auto-layout"
  | "toggle-panel"
  | "run"
  | "stop-run"
  | "commit"
  | "pull"
  | "push"
  | "push-update"
  | "history"
  | "sign-in"
  | "failover-tour"
  | "about";
export type Event =
  | { event: "project-changed"; project: ProjectView | null }
  | ({ event: "flow-changed" } & FlowChange)
  | ({ event: "flow-checked" } & FlowChecked)
  | ({ event: "flow-saved" } & FlowSaved)
  | { event: "flow-changed-outside"; flow: string; conflict: boolean }
  | ({ event: "run-changed" } & RunChanged)
  | { event: "vcs-changed" }
  | { event: "clusters-changed" }
  | ({ event: "cluster-changed" } & ClusterChanged)
  | ({ event: "push-update-progress" } & PushUpdateProgress)
  | ({ event: "tour-progress" } & TourProgress)
  | { event: "menu"; item: MenuItem }
  | { event: "close-requested"; unsaved: string[] };

type None = Record<string, never>;
export interface Commands {
  host_view: { input: None; output: HostDescription };
  window_open_monitor: { input: None; output: null };
  window_close: { input: None; output: null };
  window_choose_folder: { input: { title: string }; output: { path: string | null } };
  project_open: { input: { path: string }; output: ProjectView };
  project_create: { input: { path: string; name?: string }; output: ProjectView };
  project_close: { input: None; output: null };
  project_current: { input: None; output: ProjectView | null };
  project_recent: { input: None; output: RecentProject[] };
  project_create_flow: { input: { flow: string }; output: ProjectView };
  project_rename_flow: { input: { flow: string; to: string }; output: ProjectView };
  project_delete_flow: { input: { flow: string }; output: ProjectView };
  palette: { input: None; output: PaletteView };
  flow_open: { input: { flow: string }; output: FlowView };
  flow_close: { input: { flow: string; discard: boolean }; output: null };
  flow_new_component: { input: { flow: string; type: string }; output: NewComponent };
  flow_apply_edit: { input: { flow: string; revision: number; edit: Edit; gesture?: string }; output: FlowChange };
  flow_undo: { input: { flow: string }; output: FlowChange };
  flow_redo: { input: { flow: string }; output: FlowChange };
  flow_save: { input: { flow: string; overwrite: boolean }; output: FlowSaved };
  flow_reload: { input: { flow: string }; output: FlowView };
  flow_copy: { input: { flow: string; components: string[] }; output: CopiedText };
  flow_paste: { input: { flow: string; text: string; position: Position }; output: FlowChange };
  run_start: { input: { flow: string; inputs: Record<string, unknown> }; output: RunView };
  run_stop: { input: { run: number }; output: null };
  run_last: { input: { flow: string }; output: RunView | null };
  run_stream: { input: { run: number; component: string; outlet: string }; output: StreamView };
  vcs_status: { input: None; output: VcsView };
  vcs_commit: { input: { message: string; paths?: string[] }; output: Commit };
  vcs_push: { input: None; output: VcsView };
  vcs_pull: { input: None; output: Pulled };
  vcs_log: { input: { flow?: string; limit?: number }; output: Commit[] };
  cluster_list: { input: None; output: ClusterListView };
  cluster_sign_in: { input: { cluster: string; url: string; account: string; password: string }; output: ClusterView };
  cluster_sign_out: { input: { cluster: string }; output: ClusterListView };
  cluster_remove: { input: { cluster: string }; output: ClusterListView };
  cluster_choose: { input: { cluster: string }; output: ClusterListView };
  cluster_overview: { input: { cluster: string }; output: ClusterOverview };
  push_update: { input: { cluster: string; leaveChanges: boolean }; output: PushUpdateProgress };
  tour_plan: { input: None; output: TourPlanView };
  tour_start: { input: None; output: TourProgress };
}
export type CommandName = keyof Commands;
