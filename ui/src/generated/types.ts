// Generated from the crates flow-api and designer. Do not edit: change the Rust types and run
// `cargo run -p designer --example generate-types`.

/**
 * The program that answers.
 */
export type About = { 
/**
 * The version of the program: `0.1.0`.
 */
version: string, 
/**
 * The id of the server.
 */
server: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its start number.
 */
epoch: number, 
/**
 * When it was started.
 */
started: Time, 
/**
 * The time by the checkpoint database's clock.
 */
now: Time, };

/**
 * An account.
 */
export type Account = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it may do.
 */
role: Role, 
/**
 * A disabled account can do nothing.
 */
disabled: boolean, 
/**
 * When it was made.
 */
created: Time, };

/**
 * What to change of an account; what is absent stays.
 */
export type AccountChange = { 
/**
 * What it may do from now on.
 */
role?: Role, 
/**
 * Whether it is disabled from now on; its sessions end then.
 */
disabled?: boolean, };

/**
 * A rectangle on the canvas, in canvas units.
 */
export type Area = { 
/**
 * Its left side.
 */
x: number, 
/**
 * Its top.
 */
y: number, 
/**
 * How wide it is.
 */
width: number, 
/**
 * How high it is.
 */
height: number, };

/**
 * One try of a request by one owner.
 */
export type Attempt = { 
/**
 * Its number, from 1.
 */
attempt: number, 
/**
 * Whose it was.
 */
owner: Owner, 
/**
 * When it began.
 */
started: Time, 
/**
 * When its first component began.
 */
firstComponentAt?: Time, 
/**
 * When it ended.
 */
ended?: Time, 
/**
 * How it ended; absent while it lasts.
 */
end?: AttemptEnd, 
/**
 * Why it failed.
 */
error?: RequestError, 
/**
 * The version of the project that it ran, where the request was pinned to another one since.
 */
version?: string, };

/**
 * How an attempt ended.
 */
export type AttemptEnd = "finished" | "failed" | "waiting" | "released" | "ownerLost" | "cancelled";

/**
 * Which of a request's attempts to list: the newest, or those before one.
 */
export type AttemptsQuery = { 
/**
 * Only those before the one with this number: the `next` of the page before.
 */
before?: number, 
/**
 * At most so many, 1 to 1,000; 100 if absent.
 */
limit?: number, };

/**
 * Which part of the audit trail to read: all conditions that are given must hold. The newest first.
 */
export type AuditQuery = { 
/**
 * Only what this account did.
 */
account?: string, 
/**
 * Only this action: `login-refused`.
 */
action?: string, 
/**
 * Only what has this text in its subject or detail.
 */
q?: string, 
/**
 * Only what was done at this time or later.
 */
from?: Time, 
/**
 * Only what was done before this time.
 */
to?: Time, 
/**
 * The `next` of the page before: the number of its last entry.
 */
after?: string, 
/**
 * At most so many, 1 to 1,000; 100 if absent.
 */
limit?: number, };

/**
 * An entry of the audit trail.
 */
export type AuditRecord = { 
/**
 * Its number; later entries have higher ones.
 */
number: number, 
/**
 * When.
 */
at: Time, 
/**
 * The account that acted, or tried to.
 */
account: string, 
/**
 * What it did: `login`, `login-refused`, `project-created`.
 */
action: string, 
/**
 * What it did it to.
 */
subject: string, 
/**
 * What that is called now, where it is a server of the cluster: the subject is the server's id.
 */
subjectName?: string, 
/**
 * More, for the reader.
 */
detail: string, 
/**
 * Where it came from.
 */
address: string, };

/**
 * Who makes commits.
 */
export type Author = { 
/**
 * The name.
 */
name: string, 
/**
 * The mail address.
 */
email: string, };

/**
 * A git branch.
 */
export type BranchView = { 
/**
 * Its name.
 */
name: string, 
/**
 * The remote that has it, when it is not here yet: switching to it makes it.
 */
remote: string | null, 
/**
 * Whether it is checked out.
 */
current: boolean, 
/**
 * Its newest commit.
 */
newest: Commit, };

/**
 * Something to do to many requests at once: those with the `ids`, or those that `filter` finds.
 */
export type Bulk = { 
/**
 * What to do.
 */
action: BulkAction, 
/**
 * To these, at most 10,000.
 */
ids?: Array<number>, 
/**
 * To those that this finds, the newest first, at most 10,000 in one call; `limit` makes it fewer.
 */
filter?: RequestQuery, 
/**
 * At which version of their projects they are re-executed; at their own, if absent. At the newest only those of which
 * what they go on from fits that.
 */
version?: VersionChoice, 
/**
 * Say what would be done, and do nothing.
 */
dryRun?: boolean, };

/**
 * What to do to many requests.
 */
export type BulkAction = "reExecute" | "cancel";

/**
 * What was done to many requests, or would be.
 */
export type BulkDone = { 
/**
 * How many were looked at.
 */
matched: number, 
/**
 * To how many it was done; in a preview, to how many it would be.
 */
done: number, 
/**
 * How many of those that were looked at are in each state (before it was done).
 */
states: { [key in RequestState]?: number }, 
/**
 * Those that it cannot be done to: all of those with the `ids`, at most 100 of those that `filter` finds.
 */
skipped: Array<Skipped>, 
/**
 * How many it cannot be done to.
 */
skippedCount: number, 
/**
 * Give it as `filter.after` to go on with those that were not looked at; absent when there are none.
 */
next?: string, };

/**
 * Days on which nothing is due, kept in `calendars/NAME.json`.
 */
export type Calendar = { 
/**
 * Its name, which triggers refer to: the file name without `.json`.
 */
name: string, 
/**
 * What it is for.
 */
description: string, 
/**
 * The days: `2026-12-25`, or `12-25` in every year.
 */
days: Array<Day>, };

/**
 * Deletes a calendar's file. Errors: `calendar/not-found`.
 */
export type CalendarDelete = { 
/**
 * Its name.
 */
name: string, };

/**
 * The answer of `calendar_view`.
 */
export type CalendarDetails = { 
/**
 * The calendar; null when its file cannot be read.
 */
calendar: Calendar | null, 
/**
 * Why its file cannot be read, if so.
 */
problem: string | null, 
/**
 * What is worth knowing of it: that all of its days are over.
 */
warning: string | null, };

/**
 * Writes a calendar's file. Errors: `calendar/exists` for a new one whose name is taken.
 */
export type CalendarSave = { 
/**
 * The calendar.
 */
calendar: Calendar, 
/**
 * Whether it is a new one.
 */
create: boolean, };

/**
 * A calendar of the project tree.
 */
export type CalendarSummary = { 
/**
 * Its name.
 */
name: string, 
/**
 * How many days it has; 0 when its file cannot be read.
 */
days: number, 
/**
 * Why its file cannot be read, if so.
 */
problem: string | null, };

/**
 * A calendar as its file says. Errors: `calendar/not-found`.
 */
export type CalendarView = { 
/**
 * Its name.
 */
name: string, };

/**
 * A file that differs from the last commit.
 */
export type ChangedFile = { 
/**
 * Its path within the repository.
 */
path: string, 
/**
 * The flow, if it is a flow's file.
 */
flow: FlowName | null, 
/**
 * How it differs.
 */
change: FileChange, };

/**
 * One value of a property with choices.
 */
export type Choice = { 
/**
 * The value in the document.
 */
value: string, 
/**
 * Its label in the inspector.
 */
title: string, };

/**
 * The answer of `window_choose_folder`.
 */
export type ChosenFolder = { 
/**
 * The folder; null when the dialog was cancelled.
 */
path: string | null, };

/**
 * How far a clone has come.
 */
export type CloneProgress = { 
/**
 * How many objects have come.
 */
received: number, 
/**
 * How many there are.
 */
total: number, 
/**
 * How many bytes have come.
 */
bytes: number, };

/**
 * A repository that was cloned.
 */
export type Cloned = { 
/**
 * Its folder.
 */
path: string, 
/**
 * The folders of the projects in it; to be opened with `project_open`.
 */
projects: Array<string>, };

/**
 * A page of a request's attempts, in their order; the newest ones when nothing else is asked for.
 */
export type ClusterAttempts = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * Which attempts.
 */
query: AttemptsQuery, };

/**
 * Re-executes or cancels many requests of a cluster, or says what that would do.
 */
export type ClusterBulk = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * What to do to which.
 */
bulk: Bulk, };

/**
 * Cancels a request.
 */
export type ClusterCancel = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, };

/**
 * Something changed on a cluster. What changed is not told: ask again for what is shown.
 */
export type ClusterChanged = { 
/**
 * The cluster's name.
 */
cluster: string, 
/**
 * Whether servers or their versions changed: ask `cluster_overview`.
 */
servers: boolean, 
/**
 * The requests that changed; null when there are too many to name.
 */
requests: Array<number> | null, 
/**
 * The takeovers since the last event.
 */
takeovers: Array<Takeover>, 
/**
 * The requests that turned out to be stalled since the last event.
 */
stalled: Array<Stalled>, };

/**
 * Chooses the cluster that Push update goes to. Errors: `cluster/unknown`.
 */
export type ClusterChoose = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * A colour to tell clusters by. Its name stands beside it wherever it is shown.
 */
export type ClusterColor = "gray" | "blue" | "green" | "yellow" | "orange" | "red" | "violet";

/**
 * How many of the requests of a cluster that fit are in each state.
 */
export type ClusterCounts = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * Which requests.
 */
query: CountQuery, };

/**
 * Writes the whole stream of a saved point to a file that the author chooses in the system's own dialog. Errors:
 * `cluster/download`; `host/not-available` in a browser, which downloads it as it does other files.
 */
export type ClusterDownload = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * The saved point's number within the request.
 */
number: number, 
/**
 * What kind of file.
 */
format: SavedFormat, };

/**
 * The filters of the Status List that the account keeps on a cluster.
 */
export type ClusterFilters = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * The clusters that the designer knows, and the chosen one.
 */
export type ClusterList = Record<symbol, never>;

/**
 * The clusters that the designer knows.
 */
export type ClusterListView = { 
/**
 * The clusters by name.
 */
clusters: Array<ClusterView>, 
/**
 * The name of the one that Push update goes to and that the status bar shows.
 */
chosen: string | null, };

/**
 * Puts a server of a cluster into maintenance, or ends that. Any server that answers can be asked for it, so that one
 * that hangs or is down can be taken out too. Errors: `server/not-found`.
 */
export type ClusterMaintain = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The id of the server.
 */
server: string, 
/**
 * Whether it is in maintenance from now on.
 */
on: boolean, };

/**
 * How a cluster is marked.
 */
export type ClusterMark = { 
/**
 * Its colour.
 */
color: ClusterColor, 
/**
 * Whether real work runs on it: Push update then asks for its name.
 */
production: boolean, 
/**
 * The git branch that goes to it; any when null.
 */
branch: string | null, };

/**
 * What the servers of a cluster counted lately.
 */
export type ClusterMetrics = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * How far back, and how finely.
 */
query: MetricsQuery, };

/**
 * How a cluster is doing.
 */
export type ClusterOverview = { 
/**
 * The cluster's name.
 */
cluster: string, 
/**
 * Its servers.
 */
servers: Array<ServerView>, 
/**
 * How many requests there are in each state.
 */
counts: { [key in RequestState]?: number }, 
/**
 * What hinders the view of it, when no server answers; what is shown is then what was seen last.
 */
problem: string | null, };

/**
 * How a cluster is doing: its servers and how many requests it has in each state. From the first call on the
 * designer follows the cluster's event streams and sends `cluster-changed`. Errors of this and all commands that
 * ask a cluster: `cluster/unknown`, `cluster/not-signed-in`, `cluster/unreachable`, and the codes of the servers.
 */
export type ClusterOverviewOf = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * Re-executes a request, at the version that it is pinned to or at the newest. Errors: `request/version-does-not-fit`.
 */
export type ClusterReExecute = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * From where, and who shall own it: the server that is asked, which is any that answers, when left out.
 */
wish: ReExecution, };

/**
 * What a re-execution of a request would do, and what stands in its way: which saved points fit the version.
 */
export type ClusterReExecution = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * At which version, and from where.
 */
query: ReExecutionQuery, };

/**
 * Signs out of a cluster and forgets it.
 */
export type ClusterRemove = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * Forgets a filter.
 */
export type ClusterRemoveFilter = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The filter's name.
 */
name: string, };

/**
 * One request with its attempts and saved points.
 */
export type ClusterRequest = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, };

/**
 * The flow of a request as it was when the request was made.
 */
export type ClusterRequestFlow = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, };

/**
 * The log of a request, the oldest entry first.
 */
export type ClusterRequestLog = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * Only what follows the entry with this number.
 */
after?: number, };

/**
 * Lists requests, the newest first.
 */
export type ClusterRequests = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * Which requests.
 */
query?: RequestQuery, };

/**
 * Keeps a filter, in the place of the one of its name; answers all that are kept.
 */
export type ClusterSaveFilter = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The filter.
 */
filter: SavedFilter, };

/**
 * The first records that a request saved at one of its saved points.
 */
export type ClusterSavedPoint = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * The saved point's number within the request.
 */
number: number, 
/**
 * The `next` of the page before; the first page when left out.
 */
after?: string, };

/**
 * A page of what a request saved, in the order of saving; the newest when nothing else is asked for.
 */
export type ClusterSavedPoints = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * Which saved points.
 */
query: SavedPointsQuery, };

/**
 * Marks a cluster: its colour, whether it is production, the git branch that goes to it. Errors: `cluster/unknown`.
 */
export type ClusterSetMark = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * How it is marked from now on.
 */
mark: ClusterMark, };

/**
 * Signs in to a cluster, new or known, and chooses it. The password is used once, to have the cluster make a token
 * that can be revoked; the token is kept in the system's keyring. Errors: `auth/wrong-password`,
 * `auth/too-many-attempts`, `client/unreachable`, `client/address`.
 */
export type ClusterSignIn = { 
/**
 * A name for the cluster, free to choose.
 */
cluster: string, 
/**
 * The address of any of its servers: `http://127.0.0.1:7400`.
 */
url: string, 
/**
 * The account's name.
 */
account: string, 
/**
 * Its password.
 */
password: string, };

/**
 * Signs out of a cluster: the token is revoked there and forgotten here.
 */
export type ClusterSignOut = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * Starts requests of a flow, at the version that the server has that is asked: the last one pushed to it.
 */
export type ClusterStartRequests = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The project's name on the cluster; the open project's when left out.
 */
project?: string, 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Values for the inputs that its start component declares.
 */
inputs?: { [key in string]: JsonValue }, 
/**
 * How many requests, 1 to 1,000; 1 when left out.
 */
count?: number, 
/**
 * The id of the server that is asked; any that answers when left out.
 */
server?: string, };

/**
 * Takes a running request from its server, which lives and gets nowhere with it.
 */
export type ClusterTakeOver = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The request.
 */
request: number, 
/**
 * Whose it becomes.
 */
wish: TakeOver, };

/**
 * A cluster that the designer knows.
 */
export type ClusterView = { 
/**
 * Its name, given by the author.
 */
name: string, 
/**
 * The addresses of servers of it that were told or found out; any one that answers will do.
 */
urls: Array<string>, 
/**
 * Who is signed in; null when nobody is.
 */
account: Account | null, 
/**
 * Where the token is kept: `keyring`, or `file` where the system has no keyring.
 */
tokenKeptIn: SecretPlace | null, 
/**
 * How it is marked, so that nobody takes it for another.
 */
mark: ClusterMark, };

/**
 * Why a command could not do what it was asked. `code` is stable; the user interface goes by it, never by the text.
 */
export type CommandError = { 
/**
 * Stable code: `project/changed-outside`.
 */
code: string, 
/**
 * What went wrong and the way out, for the author.
 */
message: string, 
/**
 * Where in the flow, when it is about a place in one.
 */
place?: Place, };

/**
 * A commit.
 */
export type Commit = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its message.
 */
message: string, 
/**
 * Who made it.
 */
author: string, 
/**
 * When, in milliseconds since 1970.
 */
at: number, };

/**
 * A file of a project that a commit changed.
 */
export type CommitFile = { 
/**
 * Its path in the project's folder.
 */
path: string, 
/**
 * The name of the flow that it holds, if it holds one.
 */
flow?: string, 
/**
 * What was done to it.
 */
kind: CommitFileChange, 
/**
 * What changed of a flow, in words, at most 50 of them: `set Path of “Read orders” to "orders.csv"`.
 */
words: Array<string>, };

/**
 * What a commit did to a file of a project.
 */
export type CommitFileChange = "added" | "removed" | "changed";

/**
 * A commit and what it changed.
 */
export type CommitView = { 
/**
 * The files that it changed, with what it changed in flows.
 */
files: Array<FlowWords>, 
/**
 * Its id.
 */
id: string, 
/**
 * Its message.
 */
message: string, 
/**
 * Who made it.
 */
author: string, 
/**
 * When, in milliseconds since 1970.
 */
at: number, };

/**
 * A component of a flow.
 */
export type Component = { 
/**
 * Its type, as the palette names it: `FileRead`. A type that the palette does not know is kept and reported.
 */
type: string, 
/**
 * Its name on the canvas.
 */
name: string, 
/**
 * The ForEach component whose body it belongs to, if any.
 */
parent?: ComponentId, 
/**
 * The properties that differ from their defaults, by name.
 */
properties: Record<string, unknown>, };

/**
 * What a component type is, for the palette, the inspector and the rules.
 */
export type ComponentDescription = { 
/**
 * The type's name in the document: `FileRead`.
 */
kind: string, 
/**
 * Its name for people: `File Read`.
 */
title: string, 
/**
 * The group of the palette it belongs to; gives its colour.
 */
family: Family, 
/**
 * Name of its Lucide icon: `file-input`.
 */
icon: string, 
/**
 * One line that says what it does.
 */
summary: string, 
/**
 * Help text in Markdown, shown beside the inspector.
 */
help: string, 
/**
 * Its properties, in the order of the inspector.
 */
properties: Array<PropertyDescription>, 
/**
 * What it does to the world outside the request.
 */
effect: Effect, 
/**
 * Whether it makes a saved point of its input (Checkpoint).
 */
saves: boolean, 
/**
 * The name of the property shown as the card's one line, if any; `{…}` is filled from properties.
 */
line: string, };

/**
 * Identity of a component within its flow: its type in lower case, a hyphen and six random characters
 * (`mapper-k3x9ab`), so that two git branches never make the same one. It never changes; the name shown is a property.
 * Cheap to clone.
 */
export type ComponentId = string;

/**
 * One component in a local run.
 */
export type ComponentRun = { 
/**
 * Where it stands.
 */
state: ComponentRunState, 
/**
 * The attempt in which it ran last, from 1.
 */
attempt: number, 
/**
 * How long it took, in milliseconds; null while it runs.
 */
took: number | null, 
/**
 * How many records it has dealt with so far, where it tells.
 */
rows: number | null, 
/**
 * Of a ForEach: how far its iterations have come.
 */
iterations: Iterations | null, 
/**
 * What it put out, by outlet: only the outlets that delivered. In the body of a ForEach, in one of its iterations.
 */
outlets: { [key in string]: OutletRun }, 
/**
 * One line about what it did, or why it failed.
 */
note: string | null, 
/**
 * Why it failed, if it did.
 */
failure: RunFailure | null, };

/**
 * Where a component stands in a local run.
 */
export type ComponentRunState = "running" | "finished" | "failed" | "stopped";

/**
 * What follows from the document for one component, beside what the document itself says.
 */
export type ComponentView = { 
/**
 * Its inlets and outlets as its properties make them; for an unknown type, those that its links use.
 */
ports: Ports, 
/**
 * The one line of its card that says what it does: `3 fields`. Empty when there is nothing to say.
 */
line: string, 
/**
 * Whether it never runs again once every Checkpoint of the flow (and the begin checkpoint, where used) has saved:
 * every path from it crosses a saved point. The others may run again until the ends of their paths are reached.
 */
settles: boolean, 
/**
 * Whether its effect on the world may happen twice, when a server dies or a request is tried again.
 */
unprotected: boolean, 
/**
 * The flow variables that it sets for what comes behind it.
 */
sets: Array<string>, };

/**
 * How one side has it: the entries of a list, all else in words.
 */
export type ConflictValue = Array<JsonValue> | string;

/**
 * Something that both sides changed, each differently.
 */
export type ConflictView = { 
/**
 * What tells it from the others, to say whose change is kept.
 */
key: string, 
/**
 * The component or group that it is about, if it is about one.
 */
component: ComponentId | null, 
/**
 * What it is about, in words: `Path of “Read orders”`.
 */
what: string, 
/**
 * How it was before.
 */
before: ConflictValue, 
/**
 * How it is here.
 */
mine: ConflictValue, 
/**
 * How the other side has it.
 */
theirs: ConflictValue, };

/**
 * A named endpoint of a project, kept in `connections/NAME.json`.
 */
export type Connection = { 
/**
 * Its name, which components refer to. It is the file name without `.json`.
 */
name: string, 
/**
 * What it leads to, one of [`connection_kinds`]: `sqlite`, `http`.
 */
kind: string, 
/**
 * Where that is: the kind's fields that are no secrets.
 */
settings: Record<string, unknown>, };

/**
 * The answer of `connection_test`.
 */
export type ConnectionAnswer = { 
/**
 * How long it took, in milliseconds.
 */
took: number, 
/**
 * What answered: `PostgreSQL 15.4`.
 */
server: string, };

/**
 * Deletes a connection's file, and forgets the secrets that are kept for it on this machine. Errors:
 * `connection/not-found`.
 */
export type ConnectionDelete = { 
/**
 * Its name.
 */
name: string, };

/**
 * The answer of `connection_view`. Secrets themselves never leave the program.
 */
export type ConnectionDetails = { 
/**
 * The connection; null when its file cannot be read.
 */
connection: Connection | null, 
/**
 * The names of its secret fields that are set.
 */
secrets: Array<string>, 
/**
 * Why its file cannot be read, if so.
 */
problem: string | null, };

/**
 * A connection of a project, as the version that the server has declares it.
 */
export type ConnectionEntry = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it leads to: `postgres`, `http`.
 */
kind: string, 
/**
 * Where that is, in a few words.
 */
address: string, 
/**
 * Its settings as they stand in the project.
 */
settings: Record<string, unknown>, 
/**
 * The secrets that its kind takes.
 */
secrets: Array<ConnectionSecret>, 
/**
 * Why it cannot be used, if it cannot.
 */
problem?: string, };

/**
 * A field of a kind of connection.
 */
export type ConnectionField = { 
/**
 * Its name in the document.
 */
name: string, 
/**
 * Its label.
 */
title: string, 
/**
 * What it means, and what holds when it is left out.
 */
help: string, 
/**
 * What values it takes. A secret is always a text.
 */
values: FieldValues, 
/**
 * Whether the connection cannot do without it.
 */
required: boolean, 
/**
 * Whether it is a secret, which is kept apart from the project.
 */
secret: boolean, };

/**
 * Something that a connection can lead to.
 */
export type ConnectionKind = { 
/**
 * Its name in the document: `postgres`.
 */
kind: string, 
/**
 * Its name for people: `PostgreSQL`.
 */
title: string, 
/**
 * One line that says what it is for.
 */
summary: string, 
/**
 * Its fields, in the order in which they are asked for.
 */
fields: Array<ConnectionField>, };

/**
 * The answer of `connection_kinds`.
 */
export type ConnectionKindList = { 
/**
 * The kinds, in the order in which they are offered.
 */
kinds: Array<ConnectionKind>, };

/**
 * The kinds of connections that there are, with their fields.
 */
export type ConnectionKinds = Record<symbol, never>;

/**
 * Writes a connection's file. Errors: `connection/exists` for a new one whose name is taken, and those of its fields
 * (`connection/missing-field` …).
 */
export type ConnectionSave = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its kind.
 */
kind: string, 
/**
 * Its fields that are no secrets. Empty texts are left out.
 */
settings: Record<string, unknown>, 
/**
 * Whether it is a new one.
 */
create: boolean, };

/**
 * Read schema: the tables and views of a database. Errors like those of `connection_test`.
 */
export type ConnectionSchema = { 
/**
 * The connection.
 */
name: string, };

/**
 * A secret that a connection takes, and whether it is set.
 */
export type ConnectionSecret = { 
/**
 * The field: `password`.
 */
field: string, 
/**
 * What it is for.
 */
help: string, 
/**
 * When it was set; absent if it is missing.
 */
updated?: Time, };

/**
 * Keeps a secret of a connection on this machine, or forgets it. Errors: `secret/unknown-field`.
 */
export type ConnectionSetSecret = { 
/**
 * The connection.
 */
name: string, 
/**
 * The field.
 */
field: string, 
/**
 * The secret; null forgets it.
 */
value: string | null, };

/**
 * A connection of the project tree.
 */
export type ConnectionSummary = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its kind: `sqlite`, `http`. Empty when its file cannot be read.
 */
kind: string, 
/**
 * Where it goes: a path or an address, for people.
 */
address: string, 
/**
 * Why its file cannot be read, if so.
 */
problem: string | null, };

/**
 * Test connection: whether what it leads to answers. Errors: `connection/not-found`, `sql/cannot-connect`,
 * `sql/access-denied`, `http/…` and the like.
 */
export type ConnectionTest = { 
/**
 * The connection.
 */
name: string, };

/**
 * A connection with the names of the secrets that are kept for it on this machine. Errors: `connection/not-found`.
 */
export type ConnectionView = { 
/**
 * Its name.
 */
name: string, };

/**
 * Components and the links between them as text, for the clipboard.
 */
export type CopiedText = { 
/**
 * The text; it pastes into another flow, another window or a chat.
 */
text: string, };

/**
 * Which requests to count; as in [`RequestQuery`].
 */
export type CountQuery = { 
/**
 * Only those of this project.
 */
project?: string, 
/**
 * Only those of this flow.
 */
flow?: string, 
/**
 * Only those that belong to the server with this id.
 */
server?: string, 
/**
 * Only those whose id is this, or whose flow or project contains it.
 */
q?: string, 
/**
 * Only those made at this time or later.
 */
from?: Time, 
/**
 * Only those made before this time.
 */
to?: Time, 
/**
 * Only those whose error has this code.
 */
code?: string, 
/**
 * Only those with this priority, -9 to 9.
 */
priority?: number, 
/**
 * Only those that are stalled.
 */
stalled?: boolean, };

/**
 * How many requests there are in each state.
 */
export type Counts = { [key in RequestState]?: number };

/**
 * How to answer the making of requests.
 */
export type CreateQuery = { 
/**
 * Answer when all of them have ended, at the latest after so many seconds (60 are the most). At once, if absent.
 */
wait?: number, };

/**
 * What kind of credential it is.
 */
export type CredentialKind = "token" | "keyFile";

/**
 * The answer of `connection_schema`.
 */
export type DatabaseSchema = { 
/**
 * The tables and views, by name.
 */
tables: Array<DatabaseTable>, };

/**
 * A table or view of a database.
 */
export type DatabaseTable = { 
/**
 * Its name, as *Table* of SQL Put takes it.
 */
name: string, 
/**
 * Whether it is a view.
 */
view: boolean, 
/**
 * Its columns, with their types in the database's words.
 */
fields: Array<Field>, 
/**
 * The columns of its primary key.
 */
keys: Array<string>, };

/**
 * A day that schedules leave out, of one year (`2026-12-25`) or of every year (`12-25`), by the clock of each schedule.
 * Those of every year come first, then the others by date.
 */
export type Day = string;

/**
 * An event, sent to every window of the host.
 */
export type DesignerEvent = { "event": "project-changed", 
/**
 * The project as it is now; null when none is open.
 */
project: ProjectView | null, } | { "event": "flow-changed" } & FlowChange | { "event": "flow-checked" } & FlowChecked | { "event": "flow-saved" } & FlowSaved | { "event": "flow-changed-outside", 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * What became of it.
 */
outcome: OutsideOutcome, 
/**
 * What the other program changed, in words; of a file that cannot be read, why.
 */
words: Array<string>, } | { "event": "clone-progress" } & CloneProgress | { "event": "run-changed" } & RunChanged | { "event": "vcs-changed" } | { "event": "clusters-changed" } | { "event": "cluster-changed" } & ClusterChanged | { "event": "push-update-progress" } & PushUpdateProgress | { "event": "tour-progress" } & TourProgress | { "event": "settings-changed", 
/**
 * What they are.
 */
settings: DesignerSettings, } | { "event": "menu", 
/**
 * The name of its action.
 */
item: string, } | { "event": "open-asked" } | { "event": "close-requested", 
/**
 * The flows with unsaved changes.
 */
unsaved: Array<FlowName>, };

/**
 * What its user set about the designer. What a settings file leaves out is as it comes with Cairn.
 */
export type DesignerSettings = { 
/**
 * The colours.
 */
theme: Theme, 
/**
 * Whether things move.
 */
motion: Motion, 
/**
 * The shortcuts of actions whose shortcuts were changed: `{"run": ["Ctrl+Enter"]}`; an empty list takes them away.
 */
keys: { [key in string]: Array<string> }, 
/**
 * How flows are edited.
 */
editor: EditorSettings, 
/**
 * Whether the desktop tells of takeovers and errors on clusters.
 */
notifications: boolean, };

/**
 * Something to mend in a flow. `code` is stable; programs and the UI go by it, never by the text.
 */
export type Diagnostic = { 
/**
 * Stable code: `flow/no-start`.
 */
code: string, 
/**
 * How serious it is.
 */
severity: Severity, 
/**
 * What is wrong and the way out, for the author.
 */
message: string, 
/**
 * Where.
 */
place: Place, 
/**
 * An edit that mends it, where there is one that an author would choose.
 */
fix?: Fix, };

/**
 * The answer of `cluster_download`.
 */
export type Downloaded = { 
/**
 * The file; null when the dialog was cancelled.
 */
path: string | null, };

/**
 * A project of which a server has another commit than the cluster wants.
 */
export type Drift = { 
/**
 * The project.
 */
project: string, 
/**
 * The commit that every server shall have.
 */
wanted: string, 
/**
 * The commit that the server has; absent if it has none.
 */
present?: string, };

/**
 * When a schedule is due next.
 */
export type DueTime = { 
/**
 * The time.
 */
at: Time, 
/**
 * The same as the clock of the schedule's time zone shows it.
 */
shown: string, };

/**
 * A change to a flow. Menu, keyboard, canvas, inspector, paste and merge all change a flow by edits and in no other way.
 */
export type Edit = { "edit": "addComponent", 
/**
 * The identity it gets; must be new.
 */
id: ComponentId, 
/**
 * The component.
 */
component: Component, 
/**
 * Where it is drawn.
 */
position: Position, 
/**
 * Its place among the components; at the end when not given.
 */
index?: number, } | { "edit": "removeComponent", 
/**
 * The component.
 */
id: ComponentId, } | { "edit": "rename", 
/**
 * The component.
 */
id: ComponentId, 
/**
 * The new name.
 */
name: string, } | { "edit": "setProperty", 
/**
 * The component.
 */
id: ComponentId, 
/**
 * The property's name.
 */
property: string, 
/**
 * The new value; null goes back to the default.
 */
value: unknown, } | { "edit": "move", 
/**
 * The component.
 */
id: ComponentId, 
/**
 * Where.
 */
position: Position, } | { "edit": "setParent", 
/**
 * The ForEach; none is the top level.
 */
parent?: ComponentId, 
/**
 * The components that move, with the places where they are drawn there.
 */
positions: Record<string, Position>, } | { "edit": "connect", 
/**
 * The link.
 */
link: Link, } | { "edit": "disconnect", 
/**
 * The link.
 */
link: Link, } | { "edit": "setDescription", 
/**
 * The new description.
 */
description: string, } | { "edit": "setGroup", 
/**
 * Its identity.
 */
id: ComponentId, 
/**
 * What it is from now on; none removes it.
 */
group?: Group, } | { "edit": "batch", 
/**
 * The edits, in order.
 */
edits: Array<Edit>, } | { "edit": "replace", 
/**
 * What the flow is from now on.
 */
flow: Flow, 
/**
 * What it is, for the Undo menu: `Restore the version of 3 May`.
 */
title: string, };

/**
 * How flows are edited.
 */
export type EditorSettings = { 
/**
 * Whether flows are saved to their files by themselves, a moment after the last change. The crash journal is kept
 * in either case.
 */
autosave: boolean, 
/**
 * Whether the grid of the canvas is seen.
 */
showGrid: boolean, 
/**
 * Whether components snap to the grid and to each other.
 */
snap: boolean, 
/**
 * Whether the minimap is seen.
 */
minimap: boolean, };

/**
 * What a component does to the world outside the request when it runs.
 */
export type Effect = "none" | "reads" | "changes";

/**
 * Something that changed, as the event stream tells it. Changes in quick succession come as one.
 */
export type Event = { "event": "request-changed", 
/**
 * The request.
 */
id: number, } | { "event": "requests-changed" } | { "event": "servers-changed" } | { "event": "projects-changed" } | { "event": "takeover", 
/**
 * The server that died.
 */
dead: Owner, 
/**
 * The server that took over.
 */
survivor: Owner, 
/**
 * How many requests now belong to the survivor.
 */
count: number, } | { "event": "stalled", 
/**
 * The request.
 */
id: number, 
/**
 * Its flow.
 */
flow: string, 
/**
 * The server that it is stalled at.
 */
owner: Owner, 
/**
 * Since when it makes no progress.
 */
since: Time, };

/**
 * A group of the palette.
 */
export type Family = "control" | "checkpoint" | "file" | "transform" | "database" | "network";

/**
 * A field of a stream.
 */
export type Field = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its type for people: `Int64`, `Utf8`, `Timestamp(ms)`.
 */
type: string, 
/**
 * Whether it may be null.
 */
nullable: boolean, };

/**
 * What values a field takes.
 */
export type FieldValues = { "kind": "text" } | { "kind": "integer", 
/**
 * The least value allowed.
 */
min: number, 
/**
 * The greatest value allowed.
 */
max: number, } | { "kind": "number" } | { "kind": "boolean" } | { "kind": "choice", 
/**
 * The texts, in order.
 */
choices: Array<Choice>, };

/**
 * How a file differs from the last commit.
 */
export type FileChange = "added" | "modified" | "deleted" | "conflicted";

/**
 * How many firings, or due times.
 */
export type FiringQuery = { 
/**
 * At most so many, 1 to 1,000; 20 if absent.
 */
limit?: number, };

/**
 * A component of the version at which a request would go on.
 */
export type FitComponent = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it would run, for the first time or again; else it is settled and never runs.
 */
runs: boolean, 
/**
 * Whether running it twice may be seen outside.
 */
changesWorld: boolean, 
/**
 * Whether the version that the request is pinned to does not have it.
 */
isNew: boolean, 
/**
 * Whether that version has it with another type, place or properties.
 */
isChanged: boolean, };

/**
 * An edit that mends what a diagnostic is about.
 */
export type Fix = { 
/**
 * What it does, for a button: `Remove the link`.
 */
title: string, 
/**
 * The edit.
 */
edit: Edit, };

/**
 * A flow: components and the links between them. Exactly one component is the start component.
 */
export type Flow = { 
/**
 * What the flow is for, in the author's words.
 */
description: string, 
/**
 * The components, in the order in which they were added.
 */
components: Record<string, Component>, 
/**
 * The links, sorted.
 */
links: Array<Link>, 
/**
 * Frames around components, and notes, by their ids.
 */
groups: Record<string, Group>, 
/**
 * Where each component is drawn; in the body of a ForEach, relative to the ForEach. Kept apart from the components so that a moved box hides nothing in a diff.
 */
layout: Record<string, Position>, };

/**
 * Changes a flow: the one way for the mouse, the keyboard, menus and paste. The flow either changes as asked or
 * not at all. An edit made on an older revision is applied all the same when what changed since touches other
 * components. Errors: `edit/…` (the edit breaks a rule of the document), `flow/stale-revision`.
 */
export type FlowApplyEdit = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The revision on which the edit was made.
 */
revision: number, 
/**
 * The edit.
 */
edit: Edit, 
/**
 * Edits of the same gesture (a word being typed, a box being dragged with the keys) become one undo step: any
 * text that is the same for them and new for the next gesture.
 */
gesture?: string, };

/**
 * A flow as a commit has it, to be looked at.
 */
export type FlowAtCommit = { 
/**
 * The commit.
 */
commit: Commit, 
/**
 * The flow.
 */
view: FlowView, };

/**
 * The flow of a request, as it was when the request was made.
 */
export type FlowAtVersion = { 
/**
 * The project.
 */
project: string, 
/**
 * The version of the project.
 */
version: string, 
/**
 * The flow's name.
 */
name: string, 
/**
 * The flow.
 */
flow: Flow, };

/**
 * A change to an open flow: the reply to an edit, to undo and to redo, and the event for the other windows.
 */
export type FlowChange = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The revision that `patch` applies to: the one before the change. A window that holds another one asks
 * `flow_open` for the whole flow.
 */
base: number, 
/**
 * Where the editing stands now.
 */
state: FlowState, 
/**
 * What changed in the document.
 */
patch: FlowPatch, 
/**
 * The components for which what follows from the document changed.
 */
views: { [key in ComponentId]: ComponentView }, 
/**
 * All problems that can be found at once, not only the new ones.
 */
diagnostics: Array<Diagnostic>, };

/**
 * What the slower checks found: schemas, expressions, and the connections and flows that the flow refers to.
 */
export type FlowChecked = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Counts the checks of the flow since it was opened. A window that missed one asks `flow_open` for the whole flow.
 */
number: number, 
/**
 * The revision that was checked; older than the flow's own while the author types on, or after boxes moved.
 */
revision: number, 
/**
 * The problems found, beside those that came with the edit.
 */
diagnostics: Array<Diagnostic>, 
/**
 * The fields on every outlet where they can be known: by component, by outlet. They serve completion (the
 * fields of the outlets linked to an inlet) and the hover text of links. In an event only those components are
 * here whose fields are others than at the check before.
 */
fields: { [key in ComponentId]: { [key in string]: Array<Field> } }, 
/**
 * The expressions that were looked at, with their types: by component, and told like the fields.
 */
expressions: { [key in ComponentId]: Array<TypedExpression> }, };

/**
 * Closes a flow. Errors: `flow/unsaved` when it has changes that are not saved and `discard` is not set.
 */
export type FlowClose = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Drop the changes that are not saved.
 */
discard?: boolean, };

/**
 * What both this window and another program changed in a flow, each differently, since it was opened or saved here. Empty
 * when nothing is open. Errors: the file cannot be read as a flow (`document/…`).
 */
export type FlowConflicts = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Components and the links between them as text, for the clipboard.
 */
export type FlowCopy = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The components; what is in their bodies comes along.
 */
components: Array<ComponentId>, 
/**
 * The notes and groups. A group comes along anyway where all of its components do.
 */
groups?: Array<ComponentId>, };

/**
 * A flow of a project, at the version that the server has.
 */
export type FlowEntry = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it is for.
 */
description: string, 
/**
 * Why it cannot run, if it cannot. The other flows of the project run all the same.
 */
problem?: string, 
/**
 * What a request of it can be given: `{name, type, default}` each.
 */
inputs: Array<InputDeclaration>, };

/**
 * Name of a flow: the file name without `.flow.json`. May hold `/` for folders below `flows/`.
 */
export type FlowName = string;

/**
 * Prepares a new component of a type: an id and a free name. The flow does not change; an `addComponent` edit puts
 * it in. Errors: `flow/unknown-type`.
 */
export type FlowNewComponent = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The component type: `FileRead`.
 */
type: string, };

/**
 * Opens a flow; one that is open already is shown as it is. Errors: `project/none-open`, `project/no-such-flow`,
 * `document/syntax`, `document/too-new`, `document/shape`.
 */
export type FlowOpen = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Puts copied components into a flow, with new ids and free names, as one undo step. The new components are those
 * of the reply's patch. Errors: `flow/nothing-to-paste` when the text holds nothing that could be
 * pasted.
 */
export type FlowPaste = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * What `flow_copy` gave.
 */
text: string, 
/**
 * Where the upper left corner of the whole goes; in a body, relative to the component that has it.
 */
position: Position, 
/**
 * The component into whose body it goes; none is the top level.
 */
parent?: ComponentId, };

/**
 * What changed in a document, by place: to patch, take out what is removed, then put in what is here.
 */
export type FlowPatch = { 
/**
 * Components that are new or changed.
 */
components: { [key in ComponentId]: Component }, 
/**
 * Components that are gone.
 */
removedComponents: Array<ComponentId>, 
/**
 * Links that are new.
 */
links: Array<Link>, 
/**
 * Links that are gone.
 */
removedLinks: Array<Link>, 
/**
 * Groups that are new or changed.
 */
groups: Record<string, Group>, 
/**
 * Groups that are gone.
 */
removedGroups: Array<ComponentId>, 
/**
 * Positions that are new or changed. Those of removed components are gone with them.
 */
layout: { [key in ComponentId]: Position }, 
/**
 * The description, if it changed.
 */
description?: string, };

/**
 * The problems of one flow.
 */
export type FlowProblems = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Its problems, the serious ones first. Flows without any are left out.
 */
diagnostics: Array<Diagnostic>, };

/**
 * Does again what was taken back last. Errors: `flow/nothing-to-redo`.
 */
export type FlowRedo = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Loads a flow anew from its file and drops the changes that are not saved.
 */
export type FlowReload = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Which components run again, with it, when a component fails after everything before it has succeeded, and a new
 * attempt (a retry or a takeover) goes on from what was saved.
 */
export type FlowRunsAgain = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The component that fails.
 */
component: ComponentId, };

/**
 * Writes a flow to its file, all of it or nothing. What another program wrote to the file meanwhile is merged in first.
 * Flow tests that name components of it get the names that these have now.
 * Errors: `project/changed-outside` when both changed the same and `overwrite` is not set (ask `flow_conflicts`);
 * `project/disk-full`, `project/read-only`, `project/cannot-write`.
 */
export type FlowSave = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Write over what another program wrote.
 */
overwrite?: boolean, };

/**
 * A flow was written to its file.
 */
export type FlowSaved = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Where the editing stands now; `dirty` is false unless it was edited while it was written.
 */
state: FlowState, 
/**
 * The flow tests that got the new names of its components with it.
 */
tests: Array<string>, };

/**
 * Where the editing of an open flow stands.
 */
export type FlowState = { 
/**
 * Counts every change to the document. An edit names the revision on which it was made.
 */
revision: number, 
/**
 * Whether there are changes that are not saved.
 */
dirty: boolean, 
/**
 * Whether a crash now would lose none of them. False where the crash journal cannot be written, say on a full disk.
 */
journaled: boolean, 
/**
 * What undo would take back, in words ("Rename Mapper"); null when there is nothing to undo.
 */
undo: string | null, 
/**
 * What redo would do again, in words; null when there is nothing to redo.
 */
redo: string | null, };

/**
 * A flow of the project tree.
 */
export type FlowSummary = { 
/**
 * Its name.
 */
name: FlowName, 
/**
 * Why its file cannot be read, if so. It never hides the other flows.
 */
problem: string | null, 
/**
 * Whether it is open with changes that are not saved.
 */
dirty: boolean, 
/**
 * Whether changes that were never saved were found in the crash journal: opening the flow brings them back.
 */
recovered: boolean, };

/**
 * The flows that are open in a window.
 */
export type FlowTabs = { 
/**
 * The flows, in the order of their tabs.
 */
open: Array<FlowName>, 
/**
 * The one that is shown.
 */
active: FlowName | null, };

/**
 * Takes in what another program wrote to the file of an open flow, as one step that can be undone. The answer is what is
 * left to decide; while anything is, nothing is taken in.
 */
export type FlowTakeIn = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Whose change counts, by the keys of the conflicts.
 */
keep?: { [key in string]: Side }, };

/**
 * Takes back the last step. Errors: `flow/nothing-to-undo`.
 */
export type FlowUndo = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * An open flow as a whole.
 */
export type FlowView = { 
/**
 * Its name.
 */
flow: FlowName, 
/**
 * The document.
 */
document: Flow, 
/**
 * What follows from the document for each component.
 */
views: { [key in ComponentId]: ComponentView }, 
/**
 * Where the editing of it stands.
 */
state: FlowState, 
/**
 * The problems that can be found at once: the flow's shape and its properties. The slower checks (schemas,
 * expressions, and what the flow refers to) come in `checked`, and later in the event `flow-checked`.
 */
diagnostics: Array<Diagnostic>, 
/**
 * What the slower checks found when they last ran, with the fields of all components; null before they have.
 */
checked: FlowChecked | null, 
/**
 * Whether changes that were never saved were brought back from the crash journal.
 */
recovered: boolean, 
/**
 * Whether the file holds what another program wrote and what is not taken in: ask `flow_conflicts`.
 */
conflict: boolean, };

/**
 * A changed file of the project, and what changed in it.
 */
export type FlowWords = { 
/**
 * Its path within the repository.
 */
path: string, 
/**
 * The flow, if it is a flow's file.
 */
flow: FlowName | null, 
/**
 * How the file changed.
 */
change: FileChange, 
/**
 * What changed in the flow, in words.
 */
words: Array<string>, };

/**
 * A repository to try the account's credentials on.
 */
export type GitAccessTest = { 
/**
 * Its address.
 */
repository: string, 
/**
 * The git branch that must be there; any, if absent.
 */
branch?: string, };

/**
 * A credential for a git host. The secret itself never comes back.
 */
export type GitCredential = { 
/**
 * The host that it is sent to, and to no other: `github.com`.
 */
host: string, 
/**
 * What kind it is.
 */
kind: GitCredentialKind, 
/**
 * The name to sign in with, if one was given.
 */
user?: string, 
/**
 * When it was set.
 */
updated: Time, };

/**
 * What kind of credential it is.
 */
export type GitCredentialKind = "token" | "sshKey";

/**
 * The credentials for git hosts that are kept here, and what an address asks for.
 */
export type GitCredentials = { 
/**
 * An address of a repository.
 */
url?: string, };

/**
 * The credentials that are kept, and what an address asks for.
 */
export type GitCredentialsView = { 
/**
 * The credentials by host.
 */
credentials: Array<HostCredential>, 
/**
 * The host of the address that was asked about; null for a path.
 */
host: string | null, 
/**
 * Whether that address goes by ssh, so that a key is asked for.
 */
ssh: boolean, 
/**
 * Whether an SSH agent runs, whose keys are tried.
 */
agent: boolean, };

/**
 * Forgets the credential for a git host.
 */
export type GitForgetCredential = { 
/**
 * The host.
 */
host: string, };

/**
 * Which git host.
 */
export type GitHostQuery = { 
/**
 * The host.
 */
host: string, };

/**
 * Keeps a credential for a git host, in the place of the one before. Errors: `git-credential/…`, `secret/…`.
 */
export type GitSetCredential = { 
/**
 * The host, with its port where the address names one: `git.example.org`.
 */
host: string, 
/**
 * What kind it is.
 */
kind: CredentialKind, 
/**
 * The name to sign in with; what hosts take beside a token, and `git` for a key, when left out.
 */
user?: string, 
/**
 * The file of the private key.
 */
keyFile?: string, 
/**
 * The token, or the passphrase of the key.
 */
secret?: string, };

/**
 * Asks the repository at an address for its git branches: whether it is there and lets the author in. Errors: `vcs/auth`,
 * `vcs/unreachable`, `vcs/certificate`.
 */
export type GitTestAccess = { 
/**
 * The address; that of the open project's remote when left out.
 */
url?: string, };

/**
 * A frame around components, or a note of its own. It changes nothing about how the flow runs.
 */
export type Group = { 
/**
 * Its title on the canvas.
 */
title: string, 
/**
 * What it says, in Markdown.
 */
note: string, 
/**
 * The components that it is drawn around.
 */
members: Array<ComponentId>, 
/**
 * Where it is drawn when it has no members.
 */
area?: Area, };

/**
 * Part of a history.
 */
export type HistoryPage = { 
/**
 * The commits, the newest first.
 */
commits: Array<CommitView>, 
/**
 * To be given as `after` for those behind them; null when these are all.
 */
next: string | null, };

/**
 * Which part of a long list to read.
 */
export type HistoryQuery = { 
/**
 * The `next` of the page before: the id of its last commit.
 */
after?: string, 
/**
 * At most so many, 1 to 100; 20 if absent.
 */
limit?: number, };

/**
 * A credential for a git host. The secret itself never comes back.
 */
export type HostCredential = { 
/**
 * The host that it is shown to, and no other.
 */
host: string, 
/**
 * What kind it is.
 */
kind: CredentialKind, 
/**
 * The name to sign in with, if one was given.
 */
user: string | null, 
/**
 * The file of the private key.
 */
keyFile: string | null, 
/**
 * Where its secret is kept; null when it has none.
 */
keptIn: SecretPlace | null, };

/**
 * The answer of `host_view`.
 */
export type HostDescription = { 
/**
 * The host.
 */
kind: HostKind, 
/**
 * The release of Cairn: `0.1.0`.
 */
version: string, 
/**
 * What it stands on, for bug reports: name and version of each.
 */
parts: Array<[string, string]>, };

/**
 * Which host carries the calls.
 */
export type HostKind = "desktop" | "browser" | "none";

/**
 * Which host this is, and which release of Cairn.
 */
export type HostView = Record<symbol, never>;

/**
 * One input that a flow declares. It becomes a flow variable and a field of Start's record.
 */
export type InputDeclaration = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its type.
 */
type: InputType, 
/**
 * The value when a request does not give one. Without it the input is required.
 */
default?: unknown, };

/**
 * The type of an input.
 */
export type InputType = "Text" | "Integer" | "Number" | "Boolean";

/**
 * How far the iterations of a ForEach have come.
 */
export type Iterations = { 
/**
 * How many have finished.
 */
done: number, 
/**
 * How many there are, where that is known.
 */
of: number | null, };

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

/**
 * Unsaved changes of a flow that a crash left behind.
 */
export type LeftChanges = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * What they change, in words.
 */
words: Array<string>, 
/**
 * When the last of them was made, in milliseconds since 1970.
 */
at: number | null, 
/**
 * Whether another program changed the file since. Both are merged then when the changes are brought back.
 */
fileChanged: boolean, };

/**
 * A link carries the stream of an outlet to an inlet. An outlet may have several links (each gets the whole
 * stream), and so may an inlet (the streams that arrive are appended, and must have the same fields).
 */
export type Link = { 
/**
 * The outlet it comes from.
 */
from: PortRef, 
/**
 * The inlet it goes to.
 */
to: PortRef, };

/**
 * A line of a request's log.
 */
export type LogEntry = { 
/**
 * Its number; give the last one as `after` to read on.
 */
number: number, 
/**
 * When.
 */
at: Time, 
/**
 * The attempt it belongs to.
 */
attempt: number, 
/**
 * The name of the server that wrote it.
 */
server: string, 
/**
 * `info`, `warning` or `error`.
 */
level: string, 
/**
 * The id of the component it is about.
 */
component?: string, 
/**
 * What happened, for programs: `component-finished`, `checkpoint-saved`, `taken-over`.
 */
event: string, 
/**
 * What happened, for people.
 */
message: string, };

/**
 * How important a line of a server's log is.
 */
export type LogLevel = "debug" | "info" | "warning" | "error";

/**
 * Which part of a log to read.
 */
export type LogQuery = { 
/**
 * Only what follows the entry with this number; all, if absent.
 */
after?: number, 
/**
 * At most so many, 1 to 1,000; 500 if absent.
 */
limit?: number, };

/**
 * Name and password, to sign in.
 */
export type Login = { 
/**
 * The account's name.
 */
name: string, 
/**
 * Its password.
 */
password: string, };

/**
 * A menu of the designer's window.
 */
export type Menu = { 
/**
 * Its title: `File`.
 */
title: string, 
/**
 * What it holds, from above.
 */
entries: Array<WindowMenuEntry>, };

/**
 * Something to choose from a menu.
 */
export type MenuItem = { 
/**
 * The name of the action, which comes back when it is chosen.
 */
name: string, 
/**
 * What it is called.
 */
label: string, 
/**
 * The shortcut that the menu listens for: `Ctrl+Shift+S`, where `Ctrl` is the key of the platform. None where text
 * fields or the canvas have the key first.
 */
keys?: string, 
/**
 * Whether it can be chosen now.
 */
enabled: boolean, };

/**
 * What the servers counted. Point *i* of every list stands for the `step` seconds from `from` + *i* · `step` on, and is
 * null where nothing is known: the server was not there.
 */
export type MetricsHistory = { 
/**
 * Where the first point begins.
 */
from: Time, 
/**
 * Seconds that one point stands for.
 */
step: number, 
/**
 * How many points each list has.
 */
points: number, 
/**
 * Requests of the cluster that have not ended, by state.
 */
requests: OpenRequests, 
/**
 * Every server that was there in this time, by name.
 */
servers: Array<ServerMetrics>, 
/**
 * The takeovers of this time, the oldest first; the newest 500.
 */
takeovers: Array<TakeoverMark>, };

/**
 * Which part of the last day to tell, and how finely.
 */
export type MetricsQuery = { 
/**
 * From when on, until now; an hour ago if absent, a day ago at the earliest.
 */
from?: Time, 
/**
 * Seconds that one point stands for, 10 to 3,600. Where that gave more than 400 points, or finer ones than are kept,
 * it is the next that does not; that is also what it is if absent.
 */
step?: number, };

/**
 * A saved point that does not fit a version.
 */
export type Misfit = { 
/**
 * Its number within the request; of several that are alike, as in iterations, that of the first.
 */
number: number, 
/**
 * How many are alike.
 */
points: number, 
/**
 * The id of its component.
 */
component: string, 
/**
 * The name of its component.
 */
name: string, 
/**
 * Why: `gone`, `otherId`, `otherType`, `port` (an outlet or inlet), `fields` or `other`.
 */
reason: string, 
/**
 * Why, for people.
 */
message: string, };

/**
 * Whether things move on their way from one place to another.
 */
export type Motion = "system" | "reduced";

/**
 * An account to make.
 */
export type NewAccount = { 
/**
 * Its name: 1 to 64 letters, digits, `.`, `-`, `_` or `@`.
 */
name: string, 
/**
 * Its password, at least 10 characters.
 */
password: string, 
/**
 * What it may do.
 */
role: Role, };

/**
 * A component that is not in a flow yet: for an `addComponent` edit.
 */
export type NewComponent = { 
/**
 * Its id.
 */
id: ComponentId, 
/**
 * The component, with a name that the flow does not have yet and every property at its default.
 */
component: Component, 
/**
 * Its ports with these properties.
 */
ports: Ports, };

/**
 * A credential to keep for a git host, in the place of the one before.
 */
export type NewGitCredential = { 
/**
 * The host that it is for: `github.com`, or `git.example.org:8443` where the port is another.
 */
host: string, 
/**
 * What kind it is.
 */
kind: GitCredentialKind, 
/**
 * The name to sign in with; for ssh `git`, if absent.
 */
user?: string, 
/**
 * The token or password, or the private key as in its file.
 */
secret: string, 
/**
 * The passphrase of the private key.
 */
passphrase?: string, };

/**
 * A password that an administrator had made for an account. It is shown once.
 */
export type NewPassword = { 
/**
 * The password. It counts until whoever signs in with it chooses another.
 */
password: string, };

/**
 * A project to register.
 */
export type NewProject = { 
/**
 * Its name on the cluster: 1 to 64 letters, digits, `-` or `_`.
 */
name: string, 
/**
 * The git repository: `https://…`, `ssh://…`, `file:///…` or a path on the servers.
 */
repository: string, 
/**
 * The git branch.
 */
branch: string, 
/**
 * The project's folder in the repository; empty for the repository itself.
 */
folder: string, };

/**
 * Requests to make.
 */
export type NewRequests = { 
/**
 * The project.
 */
project: string, 
/**
 * The flow of that project, at the version that the server has.
 */
flow: string, 
/**
 * The inputs that the flow's start component declares, by name.
 */
inputs: Record<string, unknown>, 
/**
 * How many requests to make with these inputs, 1 to 1,000; 1 if absent.
 */
count?: number, 
/**
 * Who comes first where several wait, from -9 to 9: higher ones. What the flow's start component says, if absent.
 */
priority?: number, 
/**
 * What started them, for the reader: `console`, `designer`, `tour`; `api` if absent.
 */
trigger?: string, };

/**
 * Secrets to set.
 */
export type NewSecrets = { 
/**
 * The secrets by field.
 */
secrets: { [key in string]: string }, };

/**
 * A token to make, for the account that asks.
 */
export type NewToken = { 
/**
 * What it is for: `designer on anna's laptop`.
 */
name: string, 
/**
 * Days until it ends; never, if absent.
 */
days?: number, };

/**
 * A token that was just made.
 */
export type NewTokenReply = { 
/**
 * What is known of it from now on.
 */
token: Token, 
/**
 * The token itself, for the header `Authorization: Bearer …`. It is stored nowhere: keep it.
 */
secret: string, };

/**
 * Requests of the cluster that have not ended, at the end of each step.
 */
export type OpenRequests = { 
/**
 * Those in `Queued`.
 */
queued: Array<number | null>, 
/**
 * Those in `Running`.
 */
running: Array<number | null>, 
/**
 * Those in `Waiting`.
 */
waiting: Array<number | null>, 
/**
 * Those in `WaitingForRetry`.
 */
waitingForRetry: Array<number | null>, };

/**
 * What one outlet delivered in a local run. The records themselves are asked for with `run_stream`.
 */
export type OutletRun = { 
/**
 * How many records, where that is known.
 */
rows: number | null, };

/**
 * What became of another program's changes to the file of an open flow.
 */
export type OutsideOutcome = "followed" | "merged" | "conflict" | "gone" | "unreadable";

/**
 * The server that a request belongs to.
 */
export type Owner = { 
/**
 * Identity of the server.
 */
server: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its start number.
 */
epoch: number, };

/**
 * A page of a long list.
 */
export type Page<T> = { 
/**
 * What is on it.
 */
items: Array<T>, 
/**
 * Give it as `after` to read on; absent at the end.
 */
next?: string, };

/**
 * Every component type, in the order of the palette, with its properties: what the palette shows and what the
 * inspector is made from.
 */
export type Palette = Record<symbol, never>;

/**
 * The answer of `palette`.
 */
export type PaletteView = { 
/**
 * The component types.
 */
components: Array<ComponentDescription>, 
/**
 * The ports that a new component of each type has.
 */
ports: { [key in string]: Ports }, };

/**
 * A new password for the account that asks.
 */
export type PasswordChange = { 
/**
 * The password until now.
 */
current: string, 
/**
 * The password from now on, at least 10 characters.
 */
new: string, };

/**
 * Requests that go on at an older version.
 */
export type PinnedRequests = { 
/**
 * The version.
 */
version: string, 
/**
 * A commit that has it, if a server tells one.
 */
commit: string | null, 
/**
 * How many there are.
 */
count: number, 
/**
 * Their flows.
 */
flows: Array<string>, };

/**
 * Where in a flow something is.
 */
export type Place = { 
/**
 * The component, if it is about one.
 */
component?: ComponentId, 
/**
 * The property of that component.
 */
property?: string, 
/**
 * Where within the value of that property, where that is known.
 */
text?: TextPlace, 
/**
 * The link.
 */
link?: Link, };

/**
 * What stands in the way of a Push update.
 */
export type PlanObstacle = { 
/**
 * Stable code: `push-update/other-branch`.
 */
code: string, 
/**
 * What it is, and the way out.
 */
message: string, 
/**
 * The git branch to switch to, where that is the way out.
 */
branch: string | null, };

/**
 * What a server has and would get.
 */
export type PlannedServer = { 
/**
 * Its id.
 */
server: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it works. One that does not takes the update when it starts.
 */
up: boolean, 
/**
 * The commit that it has; null before its first Update.
 */
has: string | null, 
/**
 * How many commits it would get; null where its commit is not known here.
 */
commits: number | null, 
/**
 * What would change on it.
 */
changes: Array<FlowWords>, };

/**
 * One inlet or outlet.
 */
export type PortDescription = { 
/**
 * Its name in links.
 */
name: string, 
/**
 * Its name for people.
 */
title: string, };

/**
 * One end of a link: an outlet or an inlet of a component. Written `mapper-k3x9ab.out`.
 */
export type PortRef = { 
/**
 * The component.
 */
component: ComponentId, 
/**
 * The name of its outlet or inlet.
 */
port: string, };

/**
 * The inlets and outlets of a component.
 */
export type Ports = { 
/**
 * Where streams come in, from top to bottom.
 */
inlets: Array<PortDescription>, 
/**
 * Where streams go out, from top to bottom; the error outlet last.
 */
outlets: Array<PortDescription>, 
/**
 * Of a component with a body (ForEach): where streams go into the body. Seen from there, the body's entry.
 */
bodyOutlets: Array<PortDescription>, 
/**
 * Of a component with a body: where streams come back from the body. Seen from there, the body's exit.
 */
bodyInlets: Array<PortDescription>, };

/**
 * A place on the canvas, in canvas units (one is a pixel at 100%), to the component's upper left corner.
 */
export type Position = { 
/**
 * To the right.
 */
x: number, 
/**
 * Downwards.
 */
y: number, };

/**
 * An error reply (RFC 9457, `application/problem+json`).
 */
export type Problem = { 
/**
 * The code as a URN: `urn:cairn:error:auth/wrong-password`.
 */
type: string, 
/**
 * What went wrong, in a few words that are the same for every problem of this code.
 */
title: string, 
/**
 * The HTTP status.
 */
status: number, 
/**
 * Stable code, one of `flow_api::codes`. Programs go by it, never by the text.
 */
code: string, 
/**
 * What went wrong this time, where, and the way out.
 */
detail: string, 
/**
 * The member of the input that is wrong, if one is.
 */
place?: string, };

/**
 * A project that the cluster knows.
 */
export type Project = { 
/**
 * Its name on the cluster.
 */
name: string, 
/**
 * The git repository that servers update from. A password in the address is left out.
 */
repository: string, 
/**
 * The git branch.
 */
branch: string, 
/**
 * The project's folder in the repository; empty for the repository itself.
 */
folder: string, 
/**
 * The account that it belongs to, with whose git credentials servers update.
 */
account: string, 
/**
 * The commit that every server shall have, once one was asked for.
 */
wantedCommit?: string, 
/**
 * The version that new requests start with on the server that answered; absent before its first Update.
 */
version?: ProjectVersion, };

/**
 * What to change of a project; what is absent stays. Servers go by it from their next Update.
 */
export type ProjectChange = { 
/**
 * The git repository.
 */
repository?: string, 
/**
 * The git branch.
 */
branch?: string, 
/**
 * The project's folder in the repository; empty for the repository itself.
 */
folder?: string, 
/**
 * The account that it belongs to, with whose git credentials servers update.
 */
account?: string, };

/**
 * Closes the project. Errors: `project/unsaved`.
 */
export type ProjectClose = Record<symbol, never>;

/**
 * A commit that changed a project.
 */
export type ProjectCommit = { 
/**
 * Its id.
 */
id: string, 
/**
 * The first line of its message.
 */
summary: string, 
/**
 * The rest of its message.
 */
message: string, 
/**
 * Who made it.
 */
author: string, 
/**
 * The author's mail address.
 */
email: string, 
/**
 * When, by the author's clock.
 */
at: Time, 
/**
 * What it changed of the project's flows and other files.
 */
changes: Array<CommitFile>, };

/**
 * Makes a new project in a folder, puts it under git and opens it. Errors: `project/exists`.
 */
export type ProjectCreate = { 
/**
 * The folder, which must be new or empty.
 */
path: string, 
/**
 * The project's name; the folder's when left out.
 */
name?: string, };

/**
 * Makes a new flow, with a Start and an End component, and saves it. Errors: `project/flow-exists`.
 */
export type ProjectCreateFlow = { 
/**
 * Its name.
 */
flow: FlowName, };

/**
 * The open project, or null: what a window asks when it starts.
 */
export type ProjectCurrent = Record<symbol, never>;

/**
 * Deletes a flow's file and closes the flow. Git still has what was committed.
 */
export type ProjectDeleteFlow = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Drops what a crash left of a flow's unsaved changes.
 */
export type ProjectDropLeftChanges = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Takes a project off the list of those that were open before. Its files stay.
 */
export type ProjectForget = { 
/**
 * Its folder.
 */
path: string, };

/**
 * Makes a new project out of a sample, puts it under git and opens it. Errors: `project/exists`,
 * `sample/unknown`, `sample/cannot-write`.
 */
export type ProjectFromSample = { 
/**
 * The sample's name.
 */
sample: string, 
/**
 * The folder, which must be new or empty.
 */
path: string, };

/**
 * The flows of which a crash left unsaved changes. Opening such a flow brings them back. Empty when no project is open.
 */
export type ProjectLeftChanges = Record<symbol, never>;

/**
 * What a server has of a project.
 */
export type ProjectOnServer = { 
/**
 * The id of the server.
 */
server: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it works.
 */
state: ServerState, 
/**
 * The commit that every server shall have, once one was asked for.
 */
wanted?: string, 
/**
 * The version that it has; absent before its first Update.
 */
present?: ProjectVersion, 
/**
 * Whether it has what is wanted.
 */
upToDate: boolean, };

/**
 * Opens the project in a folder and closes the one that was open. Errors: `project/not-found`, `project/not-a-project`,
 * `project/unsaved` when flows of the open project have changes that are not saved.
 */
export type ProjectOpen = { 
/**
 * The folder, or any folder or file within the project.
 */
path: string, };

/**
 * The problems of every flow of the project: of the open ones as they are in the designer, of the others as they are
 * saved. All is looked at anew, which takes its time in a large project.
 */
export type ProjectProblems = Record<symbol, never>;

/**
 * The projects that were open before, the latest first.
 */
export type ProjectRecent = Record<symbol, never>;

/**
 * Remembers the flows that are open in the open project.
 */
export type ProjectRememberTabs = { 
/**
 * The flows.
 */
tabs: FlowTabs, };

/**
 * Renames a flow's file. Errors: `project/flow-exists`, `project/no-such-flow`, `flow/unsaved` when it is open
 * with changes that are not saved.
 */
export type ProjectRenameFlow = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Its new name.
 */
to: FlowName, };

/**
 * The sample projects that come with Cairn.
 */
export type ProjectSamples = Record<symbol, never>;

/**
 * Copies the project, with its git repository and with every change that is not saved, into another folder, and opens it
 * there: the way out of a folder that may only be read and of a full disk. Errors: `project/exists`, `project/inside`,
 * `project/disk-full`, `project/read-only`.
 */
export type ProjectSaveAs = { 
/**
 * The folder, which must be new or empty.
 */
path: string, };

/**
 * The flows that were open in the open project when its window was there last.
 */
export type ProjectTabs = Record<symbol, never>;

/**
 * Which version of a project a server has.
 */
export type ProjectVersion = { 
/**
 * The project.
 */
project: string, 
/**
 * The version: the git tree id of the project's folder.
 */
version: string, 
/**
 * The commit that it came from.
 */
commit: string, 
/**
 * Since when the server has it.
 */
since: Time, };

/**
 * The open project, as the project tree shows it.
 */
export type ProjectView = { 
/**
 * The project's name.
 */
name: string, 
/**
 * Its folder.
 */
path: string, 
/**
 * Its flows by name, bad ones too.
 */
flows: Array<FlowSummary>, 
/**
 * Its connections by name.
 */
connections: Array<ConnectionSummary>, 
/**
 * Its triggers, by name.
 */
triggers: Array<TriggerSummary>, 
/**
 * Its calendars, by name.
 */
calendars: Array<CalendarSummary>, 
/**
 * Whether the folder is under git. Without it there is no version control and no Push update.
 */
versioned: boolean, 
/**
 * Why nothing can be saved in the folder; null when it can. What is edited is kept, and `project_save_as` saves it
 * elsewhere.
 */
readOnly: string | null, };

/**
 * One property of a component type.
 */
export type PropertyDescription = { 
/**
 * Its name in the document: `OtherServerRetry`.
 */
name: string, 
/**
 * Its label in the inspector; the field's own term where there is one.
 */
title: string, 
/**
 * What it means, one or two sentences.
 */
help: string, 
/**
 * What values it takes.
 */
kind: PropertyKind, 
/**
 * The value when it is not set. `Null` when there is none.
 */
default: JsonValue, 
/**
 * Whether the flow cannot run without it.
 */
required: boolean, 
/**
 * When it matters: while all of these hold. What does not matter is kept and has no effect, and the inspector
 * leaves it out.
 */
shownWhen: Array<ShownWhen>, };

/**
 * What values a property takes, and so how it is edited.
 */
export type PropertyKind = { "kind": "text" } | { "kind": "multiline" } | { "kind": "path" } | { "kind": "integer", 
/**
 * The least value allowed.
 */
min: number, 
/**
 * The greatest value allowed.
 */
max: number, } | { "kind": "seconds", 
/**
 * The least value allowed.
 */
min: number, } | { "kind": "boolean" } | { "kind": "choice", 
/**
 * The values, in order.
 */
choices: Array<Choice>, } | { "kind": "expression", 
/**
 * Whether its value must be a boolean.
 */
condition: boolean, } | { "kind": "mapping" } | { "kind": "branches" } | { "kind": "pairs" } | { "kind": "script" } | { "kind": "sql" } | { "kind": "fields" } | { "kind": "field" } | { "kind": "names" } | { "kind": "columns", 
/**
 * Whether the columns stand at fixed places: each then has a `length`, and may have a `start` (from 1), both
 * in characters.
 */
fixed: boolean, } | { "kind": "sortKeys" } | { "kind": "joinKeys" } | { "kind": "inputs" } | { "kind": "flow" } | { "kind": "connection", 
/**
 * The kinds that fit.
 */
kinds: Array<string>, };

/**
 * A file in which both sides changed the same, each differently.
 */
export type PullConflict = { 
/**
 * Its path within the repository.
 */
path: string, 
/**
 * The flow, if it is a flow's file.
 */
flow: FlowName | null, 
/**
 * What both sides changed: mine is the author's own, theirs the remote's. Empty when the file has no parts, so that
 * it is kept as a whole, under the key `file`.
 */
places: Array<ConflictView>, 
/**
 * The same in words.
 */
words: Array<string>, };

/**
 * What a pull did.
 */
export type Pulled = { 
/**
 * The commit before; null in an empty working copy.
 */
from: string | null, 
/**
 * The commit now; the same when there was nothing new, or when there are conflicts.
 */
to: string | null, 
/**
 * The files in which both sides changed the same, each differently. Nothing was merged then: pull again and say
 * whose changes to keep.
 */
conflicts: Array<PullConflict>, };

/**
 * Pushes what is committed (if anything is not pushed yet), records on the cluster the commit that every server
 * shall have, and then has every server Update, one after the other. Progress comes in `push-update-progress`
 * events. It stops at the first server that fails: those behind it keep what they have, and doing it again goes on there.
 * A project that the cluster does not know yet is registered with the address of the git remote. The result is kept in a
 * history. Errors: `vcs/…`, `cluster/…`, `push-update/uncommitted` when changed files would be left behind and
 * `leave_changes` is not set, `push-update/other-branch` when another git branch goes to the cluster,
 * `push-update/confirm` when the cluster is marked production and `confirm` is not its name.
 */
export type PushUpdate = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * Go on although files have changes that are not committed. They stay here.
 */
leaveChanges?: boolean, 
/**
 * The name of the cluster, typed by the author: asked for where it is marked production.
 */
confirm?: string, };

/**
 * Makes a commit that brings the project back to a former version, and pushes that as an update: the same version again,
 * and nothing is taken out of the history. Open flows follow. Errors: as `push_update`, and `vcs/would-overwrite` when
 * changes that are not committed are in the way.
 */
export type PushUpdateBack = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The commit to go back to.
 */
commit: string, 
/**
 * The name of the cluster, typed by the author: asked for where it is marked production.
 */
confirm?: string, };

/**
 * The Push updates to a cluster that were made from here, the latest first.
 */
export type PushUpdateHistory = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * What a Push update would do.
 */
export type PushUpdatePlan = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The project's name on the cluster; null when it would be registered there.
 */
project: string | null, 
/**
 * The git branch.
 */
branch: string | null, 
/**
 * The commit that every server would have; null when there is none yet.
 */
commit: Commit | null, 
/**
 * The commit that the cluster wants now.
 */
former: string | null, 
/**
 * How many commits would be pushed.
 */
ahead: number, 
/**
 * The files whose changes would stay here.
 */
left: Array<string>, 
/**
 * What each server has and would get.
 */
servers: Array<PlannedServer>, 
/**
 * The requests that have not ended and go on at older versions.
 */
pinned: Array<PinnedRequests>, 
/**
 * Whether there are more requests than were looked at.
 */
morePinned: boolean, 
/**
 * What stands in the way, each with its way out. Empty when nothing does.
 */
obstacles: Array<PlanObstacle>, };

/**
 * What Push update to a cluster would do. Nothing is changed.
 */
export type PushUpdatePlanOf = { 
/**
 * The cluster.
 */
cluster: string, };

/**
 * Push update as far as it has come, and at its end its result.
 */
export type PushUpdateProgress = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The project's name on the cluster.
 */
project: string, 
/**
 * The commit that every server shall have.
 */
commit: string, 
/**
 * How many commits were pushed.
 */
pushed: number, 
/**
 * Every server, in the order of updating.
 */
servers: Array<ServerUpdate>, 
/**
 * Whether it is over.
 */
done: boolean, };

/**
 * A Push update as it went.
 */
export type PushUpdateRecord = { 
/**
 * What tells it from the others.
 */
id: string, 
/**
 * The cluster.
 */
cluster: string, 
/**
 * The project's name on the cluster.
 */
project: string, 
/**
 * When it began, in milliseconds since 1970.
 */
at: number, 
/**
 * The account that pushed.
 */
by: string, 
/**
 * The commit that every server was to have.
 */
commit: string, 
/**
 * The first line of its message.
 */
subject: string, 
/**
 * The commit that the cluster wanted before, if there was one.
 */
former: string | null, 
/**
 * How it went on each server.
 */
servers: Array<ServerUpdate>, 
/**
 * Whether it came to its end; not when the designer ended before.
 */
done: boolean, };

/**
 * Where a re-execution goes on, and on which server.
 */
export type ReExecution = { 
/**
 * The number of the saved point to go on from, as the request's list of them has it (from 0): later ones no longer
 * count. From the last ones, if absent.
 */
from?: number, 
/**
 * Go on from the start: nothing that was saved counts any more.
 */
fromStart?: boolean, 
/**
 * The id of the server that it belongs to from now on. If absent, the one that is called; if the request waits for its
 * retry at a server that lives, that one.
 */
server?: string, 
/**
 * At which version of its project; at its own, if absent. At the newest only if what it goes on from fits that.
 */
version?: VersionChoice, };

/**
 * What a re-execution would do, and what stands in its way.
 */
export type ReExecutionPreview = { 
/**
 * The version at which the request would go on.
 */
version: string, 
/**
 * The version that it is pinned to now.
 */
pinned: string, 
/**
 * Whether it can be done as asked for: all saved points that would count fit, and so do the inputs.
 */
fits: boolean, 
/**
 * Why not, and the way out.
 */
problem?: string, 
/**
 * Why the flow does not take the request's inputs at that version.
 */
inputs?: string, 
/**
 * From how many of the first saved points the request can go on: those with lower numbers fit.
 */
fitting: number, 
/**
 * The saved points that do not fit, in the order of saving; the first hundred.
 */
misfits: Array<Misfit>, 
/**
 * Components whose saved streams may have other fields than the flow has there, which is known only when it runs.
 */
unknown: Array<UnknownFields>, 
/**
 * The flow's components at that version, in the order in which they run, and which of them would run.
 */
components: Array<FitComponent>, };

/**
 * Which re-execution to look at.
 */
export type ReExecutionQuery = { 
/**
 * At which version; `newest`, if absent.
 */
version?: VersionChoice, 
/**
 * From the saved point with this number; from the last ones, if absent.
 */
from?: number, 
/**
 * From the start: nothing that was saved counts.
 */
fromStart?: boolean, };

/**
 * A project that was open before.
 */
export type RecentProject = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its folder.
 */
path: string, 
/**
 * Whether its folder is not there (any more): removed, moved, or on a disk that is not mounted.
 */
missing: boolean, };

/**
 * A request.
 */
export type Request = { 
/**
 * Identity.
 */
id: number, 
/**
 * The project.
 */
project: string, 
/**
 * The version of the project that it is pinned to.
 */
version: string, 
/**
 * The flow.
 */
flow: string, 
/**
 * What started it: `api`, `console`, `designer`, `tour`.
 */
trigger: string, 
/**
 * The account that asked for it.
 */
requestedBy: string, 
/**
 * Its state.
 */
state: RequestState, 
/**
 * The server it belongs to; absent while it waits for one.
 */
owner?: Owner, 
/**
 * Who comes first where several wait, from -9 to 9: higher ones.
 */
priority: number, 
/**
 * Why it waits, where it could go on: a limit that is reached, say, or no server with room.
 */
waitsFor?: string, 
/**
 * Its ownership number: raised each time it gets a new owner.
 */
fence: number, 
/**
 * The attempt it is in, from 1; 0 before the first.
 */
attempt: number, 
/**
 * How many automatic retries were spent.
 */
retriesUsed: number, 
/**
 * When the next attempt or the end of a wait is due.
 */
due?: Time, 
/**
 * When it was made.
 */
created: Time, 
/**
 * When its first attempt began.
 */
started?: Time, 
/**
 * When it changed last.
 */
updated: Time, 
/**
 * Since when it makes no progress although its server lives, where that is longer than it may be.
 */
stalled?: Time, 
/**
 * When it ended.
 */
ended?: Time, 
/**
 * The name of the last Checkpoint it passed; `Start` for `BeginCheckpoint`.
 */
checkpoint?: string, 
/**
 * How many saved points it has.
 */
savedPoints: number, 
/**
 * Why its last attempt failed.
 */
error?: RequestError, 
/**
 * What the flow answered at its End.
 */
reply?: unknown, 
/**
 * Its attempts, where they were asked for.
 */
attempts?: Array<Attempt>, };

/**
 * All there is to see of one request, save its log and its flow.
 */
export type RequestDetail = { 
/**
 * The request.
 */
request: Request, 
/**
 * What it was given.
 */
inputs: Record<string, unknown>, 
/**
 * What its start component said when it was made.
 */
settings: RequestSettings, 
/**
 * Its attempts, the first first: the newest 1,000. Those before them are at `attempts`.
 */
attempts: Array<Attempt>, 
/**
 * What it saved, the first first: the newest 1,000. Those before them are at `saved-points`.
 */
savedPoints: Array<SavedPoint>, };

/**
 * Why an attempt failed.
 */
export type RequestError = { 
/**
 * Stable code.
 */
code: string, 
/**
 * What went wrong and the way out.
 */
message: string, 
/**
 * The id of the component that failed, if one did.
 */
component?: string, };

/**
 * Something that happened to one request, as its event stream tells it. Each event's id says where to go on: a
 * stream that is opened with it as `Last-Event-ID` misses nothing.
 */
export type RequestEvent = { "event": "log", 
/**
 * The entry.
 */
entry: LogEntry, } | { "event": "saved-point", 
/**
 * What.
 */
point: SavedPoint, } | { "event": "changed", 
/**
 * The request as it is now.
 */
request: Request, };

/**
 * A limit: it starts only while fewer than `most` of the requests under a limit of the same thing run in the cluster.
 */
export type RequestLimit = { 
/**
 * What it is about: `flow import` or `connection warehouse`.
 */
of: string, 
/**
 * How many run at once.
 */
most: number, };

/**
 * Which requests to list: all conditions that are given must hold. The newest first.
 */
export type RequestQuery = { 
/**
 * Only those in these states, separated by commas: `Running,Waiting`.
 */
state?: string, 
/**
 * Only those of this project.
 */
project?: string, 
/**
 * Only those of this flow.
 */
flow?: string, 
/**
 * Only those that belong to the server with this id.
 */
server?: string, 
/**
 * Only those whose id is this, or whose flow or project contains it.
 */
q?: string, 
/**
 * Only those made at this time or later.
 */
from?: Time, 
/**
 * Only those made before this time.
 */
to?: Time, 
/**
 * Only those whose error has this code.
 */
code?: string, 
/**
 * Only those with this priority, -9 to 9.
 */
priority?: number, 
/**
 * Only those that are stalled: they run, and make no progress for longer than they may.
 */
stalled?: boolean, 
/**
 * The `next` of the page before: the id of its last request.
 */
after?: string, 
/**
 * At most so many, 1 to 1,000; 100 if absent.
 */
limit?: number, 
/**
 * Whether each comes with its attempts.
 */
attempts?: boolean, };

/**
 * What the start component says about retry and takeover.
 */
export type RequestSettings = { 
/**
 * Whether a survivor may take it over.
 */
otherServerRetry: boolean, 
/**
 * Whether its inputs are saved at the start.
 */
beginCheckpoint: boolean, 
/**
 * How many automatic retries it has.
 */
retryCount: number, 
/**
 * Seconds between a failed attempt and the next.
 */
retryInterval: number, 
/**
 * How many times as long each further interval is.
 */
retryBackoff: number, 
/**
 * Seconds that one attempt may take.
 */
timeout?: number, 
/**
 * The limits that it is under.
 */
limits?: Array<RequestLimit>, };

/**
 * State of a request.
 */
export type RequestState = "Queued" | "Running" | "Waiting" | "WaitingForRetry" | "Finished" | "Error" | "Cancelled";

/**
 * The requests that were made, in the order of their making.
 */
export type Requests = { 
/**
 * The requests.
 */
requests: Array<Request>, };

/**
 * What retention would do to the requests of one state.
 */
export type RetentionGroup = { 
/**
 * `Finished`, `Error` or `Cancelled`.
 */
state: RequestState, 
/**
 * How many requests are in that state.
 */
present: number, 
/**
 * How many of them go as a whole.
 */
requests: number, 
/**
 * How many others lose their log and their saved points.
 */
details: number, 
/**
 * When the first of them all ended.
 */
oldest?: Time, };

/**
 * What retention would do now.
 */
export type RetentionReport = { 
/**
 * By state.
 */
groups: Array<RetentionGroup>, };

/**
 * Settings of retention to look at before they are made.
 */
export type RetentionWish = { 
/**
 * By key, in the place of those that hold now; null keeps for ever.
 */
settings: Record<string, unknown>, };

/**
 * What an account may do. Each role may do all that those before it may.
 */
export type Role = "Viewer" | "Operator" | "Author" | "Administrator";

/**
 * The event of a local run: only what is new.
 */
export type RunChanged = { 
/**
 * The run.
 */
run: number, 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * How often the run has changed so far, with this change.
 */
changes: number, 
/**
 * How it stands.
 */
outcome: RunOutcome, 
/**
 * The components that changed.
 */
components: { [key in ComponentId]: ComponentRun }, 
/**
 * The lines that are new.
 */
log: Array<RunLogLine>, };

/**
 * Something that a run would change in the world.
 */
export type RunEffect = { 
/**
 * The component of the flow that does it, itself or by calling another flow.
 */
component: ComponentId, 
/**
 * The name of the component that does it.
 */
name: string, 
/**
 * Its type: `FileWrite`.
 */
type: string, 
/**
 * What it does, as its card says: `storage:report.csv`, `insert into orders`. Empty when nothing is set yet.
 */
what: string, 
/**
 * Where: the connection's name and address, if it uses one.
 */
place: string | null, 
/**
 * The called flow that the component is in, if it is not in the flow itself.
 */
called: FlowName | null, };

/**
 * What a run of an open flow as it is now would change in the world: the places that it writes to and what it calls, in
 * the order of the flow.
 */
export type RunEffects = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Only what a run up to this component would change.
 */
to?: ComponentId, };

/**
 * Why a component failed in a local run.
 */
export type RunFailure = { 
/**
 * Stable code.
 */
code: string, 
/**
 * What went wrong and the way out.
 */
message: string, 
/**
 * The property that it is about, if one is known.
 */
property: string | null, 
/**
 * The record of its input that it is about, from 1, if one is known.
 */
row: number | null, 
/**
 * Whether the flow handles the error.
 */
handled: boolean, 
/**
 * In a body: the iteration, as `foreach-a1b2c3[17]`. Empty at the top level.
 */
iteration: string, };

/**
 * The last local run of a flow, or null.
 */
export type RunLast = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * A line of a local run's log.
 */
export type RunLogLine = { 
/**
 * When, in milliseconds since 1970.
 */
at: number, 
/**
 * The component it is about.
 */
component: ComponentId | null, 
/**
 * Whether it tells of a failure.
 */
failure: boolean, 
/**
 * What happened.
 */
message: string, };

/**
 * How a local run stands.
 */
export type RunOutcome = { "state": "running" } | { "state": "finished", 
/**
 * What the flow answered at its End.
 */
reply: unknown, } | { "state": "error", 
/**
 * Stable code.
 */
code: string, 
/**
 * What went wrong and the way out.
 */
message: string, 
/**
 * The component that failed, if one did.
 */
component: ComponentId | null, } | { "state": "stopped" };

/**
 * Runs an open flow here as it is now, saved or not, with the other open flows as they are now, too. What happens comes in `run-changed` events. A run of the same flow that is
 * still going on is stopped first. Errors: `run/not-runnable` with the place of the first problem, `input/…`.
 */
export type RunStart = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Values for the inputs that its start component declares; the others have their defaults.
 */
inputs?: { [key in string]: JsonValue }, 
/**
 * Run only up to this component: what is before it, and it.
 */
to?: ComponentId, 
/**
 * Leave out what changes the world, and what waits for that.
 */
withoutEffects?: boolean, };

/**
 * Stops a local run: components that run come to a safe end, no other starts.
 */
export type RunStop = { 
/**
 * The run.
 */
run: number, };

/**
 * The first records (at most 100) that an outlet delivered in a local run. Errors: `run/unknown`, `run/no-stream`.
 */
export type RunStream = { 
/**
 * The run.
 */
run: number, 
/**
 * The component.
 */
component: ComponentId, 
/**
 * Its outlet.
 */
outlet: string, };

/**
 * A local run as far as it has come.
 */
export type RunView = { 
/**
 * The run.
 */
run: number, 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The revision that runs. Later edits do not change it.
 */
revision: number, 
/**
 * What it was given.
 */
inputs: Record<string, unknown>, 
/**
 * The component that it runs up to, if it does not run to the end.
 */
to: ComponentId | null, 
/**
 * The components that it leaves out, since they change the world or wait for something that does.
 */
leftOut: Array<ComponentId>, 
/**
 * When it began, in milliseconds since 1970.
 */
started: number, 
/**
 * How often it has changed so far.
 */
changes: number, 
/**
 * How it stands.
 */
outcome: RunOutcome, 
/**
 * Every component that has started so far.
 */
components: { [key in ComponentId]: ComponentRun }, 
/**
 * Its log, the oldest line first; at most the last thousand.
 */
log: Array<RunLogLine>, };

/**
 * What runs again when a component fails.
 */
export type RunsAgain = { 
/**
 * The components, in the order in which they run, the failed one last.
 */
components: Array<ComponentId>, };

/**
 * A sample project.
 */
export type Sample = { 
/**
 * Its name, which is that of its folder: `orders`.
 */
name: string, 
/**
 * What it shows.
 */
description: string, };

/**
 * A list's filter that somebody keeps.
 */
export type SavedFilter = { 
/**
 * Its name.
 */
name: string, 
/**
 * The query of the list's address.
 */
query: string, };

/**
 * How a saved stream is answered.
 */
export type SavedFormat = "page" | "arrow" | "csv" | "json";

/**
 * What a saved point keeps.
 */
export type SavedKind = "begin" | "checkpoint" | "wait" | "input" | "stream" | "completed" | "outlets" | "withdrawn";

/**
 * Something that a request saved; what is settled by it never runs again.
 */
export type SavedPoint = { 
/**
 * Its number within the request, from 0, in the order of saving.
 */
number: number, 
/**
 * What it keeps.
 */
kind: SavedKind, 
/**
 * The id of the component.
 */
component: string, 
/**
 * The iterations and calls around it, the outermost first: `foreach-a1b2c3[17]/subflow-d4e5f6`. Empty at the top level.
 */
iteration: string, 
/**
 * The name of the component.
 */
name: string, 
/**
 * The attempt that saved it.
 */
attempt: number, 
/**
 * How many records it keeps.
 */
rows: number, 
/**
 * How many bytes they take where they are kept; 0 if it keeps no stream.
 */
bytes: number, 
/**
 * The flow variables saved with it.
 */
variables: Record<string, unknown>, 
/**
 * The outlets that were chosen, for `outlets`.
 */
outlets: Array<string>, 
/**
 * When.
 */
at: Time, };

/**
 * Which of a request's saved points to list: the newest, or those before one.
 */
export type SavedPointsQuery = { 
/**
 * Only those before the one with this number: the `next` of the page before.
 */
before?: number, 
/**
 * At most so many, 1 to 1,000; 100 if absent.
 */
limit?: number, };

/**
 * Which part of a saved stream to answer, and how.
 */
export type SavedQuery = { 
/**
 * A page of records, or the whole stream as a file; a page, if absent.
 */
format?: SavedFormat, 
/**
 * The `next` of the page before: how many records were read so far.
 */
after?: string, 
/**
 * At most so many records in a page, 1 to 1,000; 100 if absent.
 */
limit?: number, };

/**
 * A page of a saved point's records.
 */
export type SavedRows = { 
/**
 * The names of the fields, in order.
 */
fields: Array<string>, 
/**
 * The records, by field. Numbers that JavaScript could not hold exactly are strings.
 */
rows: Record<string, unknown>[], 
/**
 * How many records there are in all.
 */
total: number, 
/**
 * Give it as `after` to read on; absent at the end.
 */
next?: string, };

/**
 * Looks for a text in all flows of the project, those that are open as they are in the designer. Upper and lower case
 * are the same.
 */
export type Search = { 
/**
 * What to look for.
 */
text: string, 
/**
 * The most hits to tell.
 */
limit?: number, };

/**
 * The answer of `search`.
 */
export type SearchFound = { 
/**
 * The hits by flow, and in it by component.
 */
hits: Array<SearchHit>, 
/**
 * Whether there are more than are told.
 */
more: boolean, };

/**
 * A place where the text is.
 */
export type SearchHit = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The component or group; none for what belongs to the flow itself.
 */
component: ComponentId | null, 
/**
 * Its name.
 */
name: string, 
/**
 * The component's type; none for a group and for the flow itself.
 */
kind: string | null, 
/**
 * The property that holds the text; none where a name does.
 */
property: string | null, 
/**
 * What is there: the text with some of what is around it.
 */
excerpt: string, 
/**
 * From where to where in the excerpt the text is, in UTF-16 code units.
 */
range: [number, number], };

/**
 * A secret that is set for a connection.
 */
export type SecretEntry = { 
/**
 * The field of the connection: `password`.
 */
field: string, 
/**
 * When it was set.
 */
updated: Time, };

/**
 * The answer of `connection_set_secret`.
 */
export type SecretNames = { 
/**
 * The names of the connection's secret fields that are set.
 */
secrets: Array<string>, };

/**
 * Where a secret is kept.
 */
export type SecretPlace = "keyring" | "file";

/**
 * Which secret to forget.
 */
export type SecretQuery = { 
/**
 * The field; all of them when left out.
 */
field?: string, };

/**
 * A server of the cluster.
 */
export type Server = { 
/**
 * Identity, made at its first start.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it works; `Draining` during maintenance.
 */
state: ServerState, 
/**
 * Whether an operator has put it into maintenance, which lasts over its restarts.
 */
maintenance: boolean, 
/**
 * Where its API and console are: `http://127.0.0.1:7401`.
 */
address: string, 
/**
 * Its start number.
 */
epoch: number, 
/**
 * Its process on its machine.
 */
pid: number, 
/**
 * When it started last.
 */
started: Time, 
/**
 * When it was stopped or found dead.
 */
terminated?: Time, 
/**
 * The id of the server that took its requests over, if it was lost.
 */
takenOverBy?: string, 
/**
 * How many requests it has in state `Running`.
 */
requestsRunning: number, 
/**
 * The version of each project that it has.
 */
versions: Array<ProjectVersion>, 
/**
 * Projects of which it has another commit than the cluster wants, or none.
 */
drift: Array<Drift>, 
/**
 * What keeps it from taking requests, as it finds itself; told only of the server that answers.
 */
problems: Array<ServerProblem>, 
/**
 * The version of its program; absent where it is not known.
 */
program?: string, 
/**
 * Its resident memory in bytes; absent where it is not known.
 */
memory?: number, 
/**
 * Whether it is the one that answered.
 */
thisServer: boolean, };

/**
 * A part of a server's log, the oldest line first.
 */
export type ServerLog = { 
/**
 * The lines.
 */
items: Array<ServerLogLine>, 
/**
 * Give it as `after` to read what follows, now or later.
 */
next: string, 
/**
 * Give it as `before` to read what came before; absent at the beginning of what is kept.
 */
previous?: string, };

/**
 * A line of a server's log.
 */
export type ServerLogLine = { 
/**
 * When, by the server's clock.
 */
at: Time, 
/**
 * How important it is.
 */
level: LogLevel, 
/**
 * The part of the program that wrote it: `flow_cluster::takeover`.
 */
target: string, 
/**
 * What happened, for people.
 */
message: string, 
/**
 * More, by name: `request`, `code`, `error`.
 */
fields?: Record<string, unknown>, };

/**
 * Which part of a server's log to read.
 */
export type ServerLogQuery = { 
/**
 * Only what follows: the `next` of a page before.
 */
after?: string, 
/**
 * Only what came before: the `previous` of a page before. Without it and without `after`, the end of the log.
 */
before?: string, 
/**
 * Only lines with this text in them, in whichever case.
 */
q?: string, 
/**
 * Only lines at least as important as this.
 */
level?: LogLevel, 
/**
 * At most so many lines, 1 to 1,000; 200 if absent.
 */
limit?: number, };

/**
 * Whether a server is in maintenance.
 */
export type ServerMaintenance = { 
/**
 * Whether it takes nothing new, ends what it has, and hands over the rest.
 */
on: boolean, };

/**
 * The figures of one server.
 */
export type ServerMetrics = { 
/**
 * The server.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Requests made a second.
 */
created: Array<number | null>, 
/**
 * Requests finished a second.
 */
finished: Array<number | null>, 
/**
 * Requests a second that an attempt left in `Error`.
 */
failed: Array<number | null>, 
/**
 * Attempts a second that ended, in whichever way.
 */
attempts: Array<number | null>, 
/**
 * Commits a second to the checkpoint database.
 */
commits: Array<number | null>, 
/**
 * Commands a second that they made durable; divided by `commits`, how many one commit held.
 */
commands: Array<number | null>, 
/**
 * Seconds a second spent on commits; divided by `commits`, how long one took.
 */
committing: Array<number | null>, 
/**
 * Cores that were busy: 1 is one whole core.
 */
cores: Array<number | null>, 
/**
 * Resident memory in bytes.
 */
memory: Array<number | null>, };

/**
 * A new name for a server.
 */
export type ServerName = { 
/**
 * The name, 1 to 64 characters; no other server may have it.
 */
name: string, };

/**
 * What keeps a server from taking requests.
 */
export type ServerProblem = { 
/**
 * The stable code: `storage/not-writable`.
 */
code: string, 
/**
 * What is wrong, and the way out.
 */
message: string, };

/**
 * State of a server.
 */
export type ServerState = "Running" | "Draining" | "Terminated";

/**
 * Push update on one server.
 */
export type ServerUpdate = { 
/**
 * The server's id.
 */
server: string, 
/**
 * Its name.
 */
name: string, } & ({ "step": "waiting" } | { "step": "updating" } | { "step": "updated", 
/**
 * The commit it had before; null at its first Update.
 */
from: string | null, 
/**
 * The version of the project that it starts new requests with.
 */
version: string, 
/**
 * How long it took, in milliseconds.
 */
took: number, 
/**
 * The flows that cannot run there, each with the reason.
 */
problems: Array<string>, } | { "step": "notReached" } | { "step": "down" } | { "step": "failed", 
/**
 * Stable code.
 */
code: string, 
/**
 * What went wrong and the way out.
 */
message: string, });

/**
 * A server of a cluster as the designer sees it.
 */
export type ServerView = { 
/**
 * Whether it answers the designer.
 */
reachable: boolean, 
/**
 * Why it does not answer.
 */
problem: string | null, 
/**
 * Identity, made at its first start.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it works; `Draining` during maintenance.
 */
state: ServerState, 
/**
 * Whether an operator has put it into maintenance, which lasts over its restarts.
 */
maintenance: boolean, 
/**
 * Where its API and console are: `http://127.0.0.1:7401`.
 */
address: string, 
/**
 * Its start number.
 */
epoch: number, 
/**
 * Its process on its machine.
 */
pid: number, 
/**
 * When it started last.
 */
started: Time, 
/**
 * When it was stopped or found dead.
 */
terminated?: Time, 
/**
 * The id of the server that took its requests over, if it was lost.
 */
takenOverBy?: string, 
/**
 * How many requests it has in state `Running`.
 */
requestsRunning: number, 
/**
 * The version of each project that it has.
 */
versions: Array<ProjectVersion>, 
/**
 * Projects of which it has another commit than the cluster wants, or none.
 */
drift: Array<Drift>, 
/**
 * What keeps it from taking requests, as it finds itself; told only of the server that answers.
 */
problems: Array<ServerProblem>, 
/**
 * The version of its program; absent where it is not known.
 */
program?: string, 
/**
 * Its resident memory in bytes; absent where it is not known.
 */
memory?: number, 
/**
 * Whether it is the one that answered.
 */
thisServer: boolean, };

/**
 * Who the caller is.
 */
export type Session = { 
/**
 * The account.
 */
account: Account, 
/**
 * When the session ends unless it is used before; absent for a caller with a token.
 */
expires?: Time, 
/**
 * Whether the password must be changed before anything else is answered.
 */
mustChangePassword?: boolean, };

/**
 * A setting with its effective value on the server that answers.
 */
export type Setting = { 
/**
 * Its key: `retention.finished.days`.
 */
key: string, 
/**
 * The part of the page it belongs to: `Server`, `Checkpoints`, `Retention`, `Limits`.
 */
group: string, 
/**
 * Its name, for people.
 */
title: string, 
/**
 * What it means.
 */
help: string, 
/**
 * What kind of value it has.
 */
kind: SettingKind, 
/**
 * What its number counts: `days`, `seconds`, `bytes`, `requests`.
 */
unit?: string, 
/**
 * The effective value; null where that means “no limit”.
 */
value: unknown, 
/**
 * The value when nobody says anything.
 */
default: unknown, 
/**
 * Where the value comes from.
 */
source: SettingSource, 
/**
 * When a change takes effect.
 */
applies: SettingApplies, 
/**
 * Whether it can be changed here. If not, `help` says where.
 */
changeable: boolean, 
/**
 * The version of the value that was set here, to change it by; 0 if none was.
 */
version: number, 
/**
 * Who set it here last.
 */
changedBy?: string, 
/**
 * When.
 */
changed?: Time, };

/**
 * When a change of a setting takes effect.
 */
export type SettingApplies = "atOnce" | "atStart";

/**
 * A new value of a setting.
 */
export type SettingChange = { 
/**
 * The value; null puts the setting back to what it is without this.
 */
value: unknown, 
/**
 * The version that was read. If somebody else has set it since, nothing is changed (`setting/changed`).
 */
version?: number, };

/**
 * What kind of value a setting has.
 */
export type SettingKind = "text" | "number" | "flag";

/**
 * Where the value of a setting comes from. Each wins over those before it.
 */
export type SettingSource = "default" | "cluster" | "file" | "environment" | "flag";

/**
 * Puts other settings in place of those that are; every window hears of it. Errors: `settings/cannot-write`.
 */
export type SettingsChange = { 
/**
 * All settings as they shall be.
 */
settings: DesignerSettings, };

/**
 * The settings.
 */
export type SettingsView = Record<symbol, never>;

/**
 * How serious a diagnostic is.
 */
export type Severity = "hint" | "warning" | "error";

/**
 * That another property of the same component has one of certain values.
 */
export type ShownWhen = { 
/**
 * The other property.
 */
property: string, 
/**
 * The values. Its default counts where it is not set.
 */
values: unknown[], };

/**
 * Whose change is kept where both sides changed the same.
 */
export type Side = "mine" | "theirs";

/**
 * Something to know about the repository.
 */
export type Situation = { 
/**
 * Stable code: `detached`.
 */
code: SituationCode, 
/**
 * What it is, in a few words.
 */
title: string, 
/**
 * What it means, and the way out.
 */
text: string, };

/**
 * What kind of situation it is.
 */
export type SituationCode = "locked" | "inProgress" | "conflicts" | "detached" | "noCommit" | "diverged" | "behind" | "unpushed" | "noRemote" | "submodule" | "changedSubmodules";

/**
 * A request that something was not done to.
 */
export type Skipped = { 
/**
 * The request.
 */
id: number, 
/**
 * Why, for programs: `request/state`, `request/not-found`, `server/not-running`, `request/version-does-not-fit`,
 * `project/flow-not-found`, `project/flow-broken`.
 */
code: string, 
/**
 * Why, for people.
 */
message: string, 
/**
 * The saved points that do not fit the newest version, in the order of saving; the first hundred.
 */
misfits?: Array<Misfit>, 
/**
 * Why the flow does not take the request's inputs at that version.
 */
inputs?: string, };

/**
 * An argument of a function of SQL.
 */
export type SqlArgument = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it means, in Markdown.
 */
description: string, };

/**
 * A function of SQL.
 */
export type SqlFunction = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it works on.
 */
kind: SqlFunctionKind, 
/**
 * How it is called: `substr(str, start_pos[, length])`.
 */
syntax: string, 
/**
 * What it does, in Markdown; may be empty.
 */
description: string, 
/**
 * Its arguments.
 */
arguments: Array<SqlArgument>, };

/**
 * What a function of SQL works on.
 */
export type SqlFunctionKind = "scalar" | "aggregate" | "window";

/**
 * Every function that SQL expressions and queries may call, by name: for completion and its help.
 */
export type SqlFunctions = Record<symbol, never>;

/**
 * The answer of `sql_functions`.
 */
export type SqlFunctionsView = { 
/**
 * The functions.
 */
functions: Array<SqlFunction>, };

/**
 * A running request makes no progress for longer than it may.
 */
export type Stalled = { 
/**
 * The request.
 */
request: number, 
/**
 * Its flow.
 */
flow: string, 
/**
 * The name of the server that it is stalled at.
 */
server: string, };

/**
 * The first records that an outlet delivered.
 */
export type StreamView = { 
/**
 * Its fields.
 */
fields: Array<Field>, 
/**
 * The first records, by field. Whole numbers of 64 bits and decimals are texts, so that nothing is lost.
 */
rows: Record<string, unknown>[], 
/**
 * How many records there are in all, where that is known.
 */
total: number | null, };

/**
 * What switching to another git branch did.
 */
export type SwitchedView = { 
/**
 * Where the working copy stands now.
 */
status: VcsView, 
/**
 * The files whose uncommitted changes were merged with the other branch's.
 */
merged: Array<string>, };

/**
 * Whose a running request becomes that is taken from its server.
 */
export type TakeOver = { 
/**
 * The id of the server that it belongs to from now on. If absent, the one that is called; if the request is that
 * one's, another one that runs.
 */
server?: string, };

/**
 * A survivor took over the requests of a dead server.
 */
export type Takeover = { 
/**
 * The name of the server that died.
 */
dead: string, 
/**
 * The name of the server that took over.
 */
survivor: string, 
/**
 * How many requests belong to the survivor now.
 */
count: number, };

/**
 * A takeover.
 */
export type TakeoverMark = { 
/**
 * When.
 */
at: Time, 
/**
 * The lost server.
 */
dead: Owner, 
/**
 * The server that took over.
 */
survivor: Owner, 
/**
 * How many requests went to it.
 */
requests: number, };

/**
 * Removes the file of a flow test. Errors: `test/not-found`.
 */
export type TestDelete = { 
/**
 * The test.
 */
name: string, };

/**
 * Something that a flow test found otherwise than it expects.
 */
export type TestDifference = { 
/**
 * Where: `reply[0].total`.
 */
place: string, 
/**
 * What was expected there; empty where the place says it.
 */
expected: string, 
/**
 * What was found.
 */
found: string, };

/**
 * A flow test made of a run, not saved yet.
 */
export type TestDraft = { 
/**
 * A name that no test has.
 */
name: string, 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * What its file would hold.
 */
content: string, 
/**
 * What the author has to see to before it passes.
 */
notes: Array<string>, };

/**
 * Makes a flow test of a local run that has ended: its inputs, stand-ins for the connections that the flow uses, and what
 * it gave as what is expected. Nothing is written yet. Errors: `run/unknown`, `run/still-running`.
 */
export type TestFromRun = { 
/**
 * The run.
 */
run: number, };

/**
 * The flow tests of the project, by name; those that cannot be read are listed with what is wrong.
 */
export type TestList = Record<symbol, never>;

/**
 * How a flow test went.
 */
export type TestOutcome = { 
/**
 * The test.
 */
name: string, 
/**
 * Whether all was as expected.
 */
passed: boolean, 
/**
 * How long it took, in milliseconds.
 */
ms: number, 
/**
 * What was not as expected.
 */
differences: Array<TestDifference>, };

/**
 * The file of a flow test. Errors: `test/not-found`.
 */
export type TestRead = { 
/**
 * The test.
 */
name: string, };

/**
 * What came of trying something out: a connection, or the access to a repository. That it does not work is an
 * answer, not an error of the call.
 */
export type TestResult = { 
/**
 * Whether it works.
 */
works: boolean, 
/**
 * The stable code of what is wrong, if it does not.
 */
code?: string, 
/**
 * What was found, or what is wrong and the way out.
 */
message: string, 
/**
 * How long it took, in milliseconds.
 */
milliseconds: number, };

/**
 * Runs one flow test, with the flows as they are in the designer, saved or not, and answers when it has ended.
 */
export type TestRun = { 
/**
 * The test.
 */
name: string, };

/**
 * Writes the file of a flow test, all or nothing, once it is found to be one. Errors: `test/syntax`, `test/too-new`,
 * `test/exists`, `project/name`, `project/cannot-write`.
 */
export type TestSave = { 
/**
 * The test.
 */
name: string, 
/**
 * What its file is to hold.
 */
content: string, 
/**
 * Whether there must be none of that name yet.
 */
new?: boolean, };

/**
 * A flow test of the project.
 */
export type TestSummary = { 
/**
 * Its name: `tests/NAME.test.json`.
 */
name: string, 
/**
 * The flow that it runs; empty when its file cannot be read.
 */
flow: string, 
/**
 * What it is about.
 */
about: string, 
/**
 * What is wrong with its file, if anything is.
 */
problem: string | null, 
/**
 * What it names and is not there.
 */
warnings: Array<string>, };

/**
 * The file of a flow test.
 */
export type TestText = { 
/**
 * The test.
 */
name: string, 
/**
 * What its file holds.
 */
content: string, };

/**
 * Where within the value of a property something is.
 */
export type TextPlace = { 
/**
 * Of a list: which entry, from 0.
 */
entry?: number, 
/**
 * Of a list: which member of that entry: `expression`.
 */
member?: string, 
/**
 * From where to where in the text there, in UTF-16 code units, as editors count. None is all of it.
 */
range?: [number, number], };

/**
 * The colours of the windows.
 */
export type Theme = "system" | "light" | "dark" | "contrast";

/**
 * A moment by the checkpoint database's clock, written as RFC 3339 in UTC: `2026-03-01T12:00:00.25Z`.
 */
export type Time = string;

/**
 * A token of a program. The token itself is shown once, when it is made.
 */
export type Token = { 
/**
 * Identity, to revoke it by.
 */
id: number, 
/**
 * What it is for.
 */
name: string, 
/**
 * The account it acts for.
 */
account: string, 
/**
 * When it was made.
 */
created: Time, 
/**
 * When it ends; never, if absent.
 */
expires?: Time, 
/**
 * When it was revoked; it does not count any more.
 */
revoked?: Time, };

/**
 * Where the Failover tour is.
 */
export type TourPhase = "starting" | "running" | "killed" | "takenOver" | "done" | "failed";

/**
 * What the Failover tour would do on the chosen cluster, or why it cannot: it kills a server, so it only does that
 * to servers that `cairn tour` started for it.
 */
export type TourPlan = Record<symbol, never>;

/**
 * The answer of `tour_plan`.
 */
export type TourPlanView = { 
/**
 * Whether the tour can start.
 */
possible: boolean, 
/**
 * Why it cannot; null when it can.
 */
reason: string | null, 
/**
 * The cluster.
 */
cluster: string | null, 
/**
 * The project and flow whose requests it starts.
 */
flow: string | null, 
/**
 * How many requests it starts.
 */
requests: number, 
/**
 * The names of the servers.
 */
servers: Array<string>, };

/**
 * The Failover tour as far as it has come.
 */
export type TourProgress = { 
/**
 * The cluster.
 */
cluster: string, 
/**
 * Where it is.
 */
phase: TourPhase, 
/**
 * One sentence about it.
 */
message: string, 
/**
 * How many requests it started.
 */
requests: number, 
/**
 * How many of them have finished.
 */
finished: number, 
/**
 * The name of the server that is killed, once it is known.
 */
killed: string | null, 
/**
 * The name of the survivor, once it is known.
 */
survivor: string | null, 
/**
 * The table at the end.
 */
report: TourReport | null, };

/**
 * The table at the end of the Failover tour.
 */
export type TourReport = { 
/**
 * Requests that were started.
 */
requests: number, 
/**
 * Requests that finished.
 */
finished: number, 
/**
 * Requests that ended otherwise, or not at all.
 */
lost: number, 
/**
 * Components that ran again although they were settled. Must be 0.
 */
settledComponentsRepeated: number, 
/**
 * Milliseconds from the kill to the first component that ran on the survivor.
 */
killToFirstResumedComponent: number | null, };

/**
 * Starts the Failover tour; it goes on by itself and tells of itself in `tour-progress` events. Errors:
 * `tour/not-possible`, `tour/running`.
 */
export type TourStart = Record<symbol, never>;

/**
 * What starts requests of a flow, kept in `triggers/NAME.trigger.json`.
 */
export type Trigger = { 
/**
 * Its name: the file name without `.trigger.json`.
 */
name: string, 
/**
 * Its identity, which never changes (`trigger-k3x9ab`). What a cluster remembers of it hangs on this.
 */
id: string, 
/**
 * What kind it is, one of [`trigger_kinds`]: `schedule`, `http`, `file`, `request`.
 */
kind: string, 
/**
 * The flow that it starts.
 */
flow: string, 
/**
 * What it is for.
 */
description: string, 
/**
 * Whether a cluster to which it comes for the first time has it switched on.
 */
enabled: boolean, 
/**
 * Inputs that each of its requests is given, by name.
 */
inputs: Record<string, unknown>, 
/**
 * The properties of its kind.
 */
properties: Record<string, unknown>, };

/**
 * Whether what a form says of a trigger is right, and when it would fire. Nothing is written.
 */
export type TriggerCheck = { 
/**
 * What the form says.
 */
trigger: TriggerDraft, };

/**
 * The answer of `trigger_check`.
 */
export type TriggerChecked = { 
/**
 * What is wrong with it.
 */
problems: Array<TriggerProblem>, 
/**
 * When it fires, in words; empty if it goes by no clock.
 */
words: string, 
/**
 * The next due times, as the clock of its time zone shows them.
 */
next: Array<string>, };

/**
 * Deletes a trigger's file. Errors: `trigger/not-found`.
 */
export type TriggerDelete = { 
/**
 * Its name.
 */
name: string, };

/**
 * The answer of `trigger_view`.
 */
export type TriggerDetails = { 
/**
 * The trigger; null when its file cannot be read.
 */
trigger: Trigger | null, 
/**
 * Why its file cannot be read, if so.
 */
problem: string | null, };

/**
 * What a form says of a trigger.
 */
export type TriggerDraft = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its kind.
 */
kind: string, 
/**
 * The flow that it starts.
 */
flow: string, 
/**
 * What it is for.
 */
description: string, 
/**
 * Whether a cluster to which it comes for the first time has it switched on.
 */
enabled: boolean, 
/**
 * Inputs that each of its requests is given, by name.
 */
inputs: Record<string, unknown>, 
/**
 * The properties of its kind. Empty texts and lists are left out.
 */
properties: Record<string, unknown>, };

/**
 * A trigger of the version that its project's triggers go by, or one that the version no longer has.
 */
export type TriggerEntry = { 
/**
 * The project.
 */
project: string, 
/**
 * Its id, which never changes.
 */
id: string, 
/**
 * Its name; its id if the version no longer has it.
 */
name: string, 
/**
 * What kind it is: `schedule`, `http`, `file` or `request`; empty if the version no longer has it.
 */
kind: string, 
/**
 * The flow that it starts.
 */
flow: string, 
/**
 * What it is for.
 */
description: string, 
/**
 * When it fires, in words.
 */
fires: string, 
/**
 * The version that the project's triggers go by: the one that every running server has.
 */
version: string, 
/**
 * Whether that version has it.
 */
present: boolean, 
/**
 * Whether it is switched on here.
 */
on: boolean, 
/**
 * Who switched it last.
 */
switchedBy?: string, 
/**
 * When.
 */
switched?: Time, 
/**
 * How often it has fired.
 */
fired: number, 
/**
 * How many due times were missed.
 */
missed: number, 
/**
 * When it fired last.
 */
lastFired?: Time, 
/**
 * The request of the last firing.
 */
lastRequest?: number, 
/**
 * When it is due next, if it is a schedule and on.
 */
next?: Time, 
/**
 * Where to call it, if it answers calls: `POST /api/v1/http/orders/new`.
 */
address?: string, 
/**
 * Why it cannot fire, if it cannot.
 */
problem?: string, };

/**
 * Something that a trigger has fired for.
 */
export type TriggerFiring = { 
/**
 * What it was for: a due time, a file, a request.
 */
key: string, 
/**
 * When that was due, or came.
 */
due: Time, 
/**
 * When it fired.
 */
at: Time, 
/**
 * How many due times were missed with it.
 */
missed: number, 
/**
 * The request that it made; none if it only notes what was missed.
 */
request?: number, 
/**
 * The state of that request, if it is still kept.
 */
state?: RequestState, };

/**
 * A kind of trigger.
 */
export type TriggerKind = { 
/**
 * Its name in the document: `schedule`.
 */
kind: string, 
/**
 * Its name for people: `Schedule`.
 */
title: string, 
/**
 * One line that says when it fires.
 */
summary: string, 
/**
 * Its properties, in the order in which they are asked for.
 */
properties: Array<TriggerProperty>, 
/**
 * What each firing brings, for inputs of those names: name and meaning.
 */
brings: Array<[string, string]>, };

/**
 * The answer of `trigger_kinds`.
 */
export type TriggerKindList = { 
/**
 * The kinds, in the order in which they are offered.
 */
kinds: Array<TriggerKind>, };

/**
 * The kinds of triggers that there are, with their properties.
 */
export type TriggerKinds = Record<symbol, never>;

/**
 * Something that is wrong with a trigger.
 */
export type TriggerProblem = { 
/**
 * The stable code: `trigger/cron`.
 */
code: string, 
/**
 * What is wrong, and the way out.
 */
message: string, 
/**
 * What it is about: a property, `flow`, or an input as `inputs.NAME`; null for the trigger as a whole.
 */
member: string | null, 
/**
 * Whether it works all the same.
 */
warning: boolean, };

/**
 * A property of a kind of trigger.
 */
export type TriggerProperty = { 
/**
 * Its name in the document.
 */
name: string, 
/**
 * Its label.
 */
title: string, 
/**
 * What it means, and what holds when it is left out.
 */
help: string, 
/**
 * What values it takes.
 */
values: FieldValues, 
/**
 * Whether it is a list of such values.
 */
list: boolean, 
/**
 * Whether the trigger cannot do without it.
 */
required: boolean, };

/**
 * Which triggers to list.
 */
export type TriggerQuery = { 
/**
 * Only those of this project.
 */
project?: string, };

/**
 * Writes a trigger's file. Errors: `trigger/exists` for a new one whose name is taken, and those of its properties
 * (`trigger/missing-property` …).
 */
export type TriggerSave = { 
/**
 * What the form says.
 */
trigger: TriggerDraft, 
/**
 * Whether it is a new one.
 */
create: boolean, };

/**
 * A trigger of the project tree.
 */
export type TriggerSummary = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its kind: `schedule`, `http`. Empty when its file cannot be read.
 */
kind: string, 
/**
 * The flow that it starts.
 */
flow: string, 
/**
 * What is wrong with it, if anything is.
 */
problem: string | null, };

/**
 * A trigger as its file says. Errors: `trigger/not-found`.
 */
export type TriggerView = { 
/**
 * Its name.
 */
name: string, };

/**
 * An expression in a property, and the type of its values.
 */
export type TypedExpression = { 
/**
 * The property.
 */
property: string, 
/**
 * Of a list: which entry, from 0.
 */
entry: number | null, 
/**
 * Of a list: which member of that entry.
 */
member: string | null, 
/**
 * The type of its values for people; null where it is wrong or the fields are not known.
 */
type: string | null, };

/**
 * A component of whose fields it is not known whether they fit.
 */
export type UnknownFields = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name.
 */
name: string, };

/**
 * Asks a server to bring its working copy of a project up.
 */
export type Update = { 
/**
 * The commit that the server must have afterwards; the newest of the branch, if absent.
 */
commit?: string, };

/**
 * What an Update did on one server.
 */
export type Updated = { 
/**
 * The name of the server.
 */
server: string, 
/**
 * The commit it had before; absent at the first Update.
 */
from?: string, 
/**
 * The commit it has now.
 */
to: string, 
/**
 * The version of the project that new requests start with from now on.
 */
version: string, 
/**
 * The flows of that version.
 */
flows: Array<FlowEntry>, };

/**
 * The git branches that are here, and those that only a remote has, as last fetched.
 */
export type VcsBranches = Record<symbol, never>;

/**
 * The files that differ from the last commit, with what changed in the flows among them.
 */
export type VcsChanges = Record<symbol, never>;

/**
 * Clones a repository into a folder, which must be new or empty. Progress comes in `clone-progress` events. Errors:
 * `vcs/exists`, `vcs/auth` (set a credential and try again), `vcs/unreachable`, `vcs/cancelled`.
 */
export type VcsClone = { 
/**
 * The address of the repository.
 */
url: string, 
/**
 * The folder.
 */
path: string, };

/**
 * Breaks off the clone that goes on. Nothing of it stays.
 */
export type VcsCloneCancel = Record<symbol, never>;

/**
 * Commits changed files. Open flows among them must be saved before. Errors: `vcs/nothing-to-commit`,
 * `vcs/empty-message`, `vcs/unsaved`, `vcs/no-author` when git knows no name and address of the author.
 */
export type VcsCommit = { 
/**
 * The message.
 */
message: string, 
/**
 * The files, by their paths as in the status; every changed file of the project when left out.
 */
paths?: Array<string>, 
/**
 * Who makes it, kept for this repository; the one whom git knows when left out.
 */
author?: Author, };

/**
 * Makes a git branch at the newest commit and switches to it; everything stays as it is. Errors: `vcs/branch-name`,
 * `vcs/branch-exists`, `vcs/in-progress`.
 */
export type VcsCreateBranch = { 
/**
 * Its name.
 */
name: string, };

/**
 * A flow as it was in a commit; it is not opened. Errors: `vcs/no-such-commit`, `project/no-such-flow` when the commit
 * does not have it, `document/…` when it could not be read then either.
 */
export type VcsFlowAt = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The commit.
 */
commit: string, };

/**
 * The commits that changed the project, or one flow, with what each changed in words; the newest first.
 */
export type VcsHistory = { 
/**
 * Only those that changed this flow, and only what they changed in it.
 */
flow?: FlowName, 
/**
 * Only those behind this commit.
 */
after?: string, 
/**
 * At most so many; 50 when left out.
 */
limit?: number, };

/**
 * Puts the project under git, on the branch `main`.
 */
export type VcsInit = Record<symbol, never>;

/**
 * The commits of the project, or of one flow, the newest first.
 */
export type VcsLog = { 
/**
 * Only those that changed this flow.
 */
flow?: FlowName, 
/**
 * At most so many; 100 when left out.
 */
limit?: number, };

/**
 * Fetches from the remote and brings the working copy up. What went different ways here and there is merged, flows by
 * component, with a merge commit; where both sides changed the same, the answer names it and nothing is merged, until
 * `keep` says whose changes count there. Open flows without changes of their own are loaded anew. Errors:
 * `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/would-overwrite` when files with changes that are not committed
 * changed there too.
 */
export type VcsPull = { 
/**
 * For files by their paths in the repository: whose change to keep for each conflict, by its key. All other changes
 * of both sides are kept in any case.
 */
keep?: { [key in string]: { [key in string]: Side } }, };

/**
 * Pushes the branch to the remote. Errors: `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/not-fast-forward`
 * (pull first).
 */
export type VcsPush = Record<symbol, never>;

/**
 * Puts the version of a flow that a commit has in the place of the open one, as a step that can be undone; a flow that is
 * not there any more is made again. It is not saved. Errors: as `vcs_flow_at`.
 */
export type VcsRestore = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * The commit.
 */
commit: string, 
/**
 * What the step is called in the Undo menu.
 */
title: string, };

/**
 * Sets the address of the remote `origin`.
 */
export type VcsSetRemote = { 
/**
 * The address.
 */
url: string, };

/**
 * Solves a flow whose file a merge by git left in conflict: writes it merged by component, and tells git. The answer is
 * what is left to decide; while anything is, nothing is written. Errors: `vcs/not-in-conflict`, `document/…`.
 */
export type VcsSolve = { 
/**
 * The flow.
 */
flow: FlowName, 
/**
 * Whose change counts, by the keys of the conflicts.
 */
keep?: { [key in string]: Side }, };

/**
 * What both sides of a merge by git changed in a flow whose file is in conflict. Errors: `vcs/not-in-conflict`.
 */
export type VcsSolveConflicts = { 
/**
 * The flow.
 */
flow: FlowName, };

/**
 * Where the working copy stands. Errors: `vcs/none` when the project is not under git.
 */
export type VcsStatus = Record<symbol, never>;

/**
 * Switches to another git branch. Changes that are not committed come along, flows merged by component; so do changes that
 * are not saved. Errors: `vcs/switch-conflict` when they cannot (nothing changed then), `vcs/unknown-branch`,
 * `vcs/in-progress`.
 */
export type VcsSwitch = { 
/**
 * The branch.
 */
name: string, };

/**
 * Where the working copy stands.
 */
export type VcsView = { 
/**
 * The git branch; null while the head is detached.
 */
branch: string | null, 
/**
 * The newest commit of the branch; null before the first.
 */
head: Commit | null, 
/**
 * The address of the remote, without a password; null when there is none.
 */
remote: string | null, 
/**
 * The host of that address, which may ask who the author is; null for a path.
 */
host: string | null, 
/**
 * The files of the project that differ from the last commit.
 */
changed: Array<ChangedFile>, 
/**
 * How many commits are not pushed.
 */
ahead: number, 
/**
 * How many commits of the remote (as last seen) are not pulled.
 */
behind: number, 
/**
 * What stands in the way of committing (`a merge`, `a rebase`, …); null when nothing does.
 */
obstacle: string | null, 
/**
 * Who makes commits here, as git knows it; null when it knows nobody.
 */
author: Author | null, 
/**
 * The project's folder in the repository; empty when it is the repository's own.
 */
folder: string, 
/**
 * What is to be known about the repository, with the way out of it; the most pressing first.
 */
situations: Array<Situation>, };

/**
 * At which version of its project a request is re-executed.
 */
export type VersionChoice = "same" | "newest";

/**
 * How long to wait for a request's end.
 */
export type WaitQuery = { 
/**
 * Seconds, at most 60; 30 if absent. The reply shows the request as it is then, ended or not.
 */
seconds?: number, };

/**
 * Lets the user choose a folder in the system's own dialog. Error `host/not-available` in a browser.
 */
export type WindowChooseFolder = { 
/**
 * The dialog's title.
 */
title: string, };

/**
 * Closes the designer's window and drops changes that are not saved; what a user interface calls after it has asked.
 * Error `host/not-available` in a browser, where nothing is dropped.
 */
export type WindowClose = Record<symbol, never>;

/**
 * What the windows remember: sizes of panels, what is folded. By names that the user interface gives.
 */
export type WindowMemory = Record<symbol, never>;

/**
 * Shows the menu of the window, or shows it anew. Error `host/not-available` in a browser, where the page has it.
 */
export type WindowMenu = { 
/**
 * The menus, from the left.
 */
menus: Array<Menu>, };

/**
 * An entry of a menu.
 */
export type WindowMenuEntry = { "entry": "item" } & MenuItem | { "entry": "line" };

/**
 * Opens the monitor window, or brings it to the front. Error `host/not-available` in a browser.
 */
export type WindowOpenMonitor = Record<symbol, never>;

/**
 * Closes the window, as its own button does: where changes are not saved, the user is asked first. Error
 * `host/not-available` in a browser.
 */
export type WindowQuit = Record<symbol, never>;

/**
 * Remembers something for the windows to come. Errors: `window/too-much`, `settings/cannot-write`.
 */
export type WindowRemember = { 
/**
 * Its name.
 */
name: string, 
/**
 * What to remember.
 */
value: string, };

/**
 * Takes what the window was asked to show and does not show yet: the paths of projects, or of files within one. To be
 * asked once the page listens, and at every `open-asked`.
 */
export type WindowTakeAsked = Record<symbol, never>;

/** Every command of the designer: what goes in, what comes out. */
export interface Commands {
  /**
   * Which host this is, and which release of Cairn.
   */
  host_view: { input: HostView; output: HostDescription };
  /**
   * Opens the monitor window, or brings it to the front. Error `host/not-available` in a browser.
   */
  window_open_monitor: { input: WindowOpenMonitor; output: null };
  /**
   * Shows the menu of the window, or shows it anew. Error `host/not-available` in a browser, where the page has it.
   */
  window_menu: { input: WindowMenu; output: null };
  /**
   * Takes what the window was asked to show and does not show yet: the paths of projects, or of files within one. To be
   * asked once the page listens, and at every `open-asked`.
   */
  window_take_asked: { input: WindowTakeAsked; output: Array<string> };
  /**
   * Closes the window, as its own button does: where changes are not saved, the user is asked first. Error
   * `host/not-available` in a browser.
   */
  window_quit: { input: WindowQuit; output: null };
  /**
   * Closes the designer's window and drops changes that are not saved; what a user interface calls after it has asked.
   * Error `host/not-available` in a browser, where nothing is dropped.
   */
  window_close: { input: WindowClose; output: null };
  /**
   * Lets the user choose a folder in the system's own dialog. Error `host/not-available` in a browser.
   */
  window_choose_folder: { input: WindowChooseFolder; output: ChosenFolder };
  /**
   * The settings.
   */
  settings_view: { input: SettingsView; output: DesignerSettings };
  /**
   * Puts other settings in place of those that are; every window hears of it. Errors: `settings/cannot-write`.
   */
  settings_change: { input: SettingsChange; output: null };
  /**
   * What the windows remember: sizes of panels, what is folded. By names that the user interface gives.
   */
  window_memory: { input: WindowMemory; output: { [key in string]: string } };
  /**
   * Remembers something for the windows to come. Errors: `window/too-much`, `settings/cannot-write`.
   */
  window_remember: { input: WindowRemember; output: null };
  /**
   * Opens the project in a folder and closes the one that was open. Errors: `project/not-found`, `project/not-a-project`,
   * `project/unsaved` when flows of the open project have changes that are not saved.
   */
  project_open: { input: ProjectOpen; output: ProjectView };
  /**
   * Makes a new project in a folder, puts it under git and opens it. Errors: `project/exists`.
   */
  project_create: { input: ProjectCreate; output: ProjectView };
  /**
   * Closes the project. Errors: `project/unsaved`.
   */
  project_close: { input: ProjectClose; output: null };
  /**
   * Copies the project, with its git repository and with every change that is not saved, into another folder, and opens it
   * there: the way out of a folder that may only be read and of a full disk. Errors: `project/exists`, `project/inside`,
   * `project/disk-full`, `project/read-only`.
   */
  project_save_as: { input: ProjectSaveAs; output: ProjectView };
  /**
   * The open project, or null: what a window asks when it starts.
   */
  project_current: { input: ProjectCurrent; output: ProjectView | null };
  /**
   * Makes a new flow, with a Start and an End component, and saves it. Errors: `project/flow-exists`.
   */
  project_create_flow: { input: ProjectCreateFlow; output: ProjectView };
  /**
   * Renames a flow's file. Errors: `project/flow-exists`, `project/no-such-flow`, `flow/unsaved` when it is open
   * with changes that are not saved.
   */
  project_rename_flow: { input: ProjectRenameFlow; output: ProjectView };
  /**
   * Deletes a flow's file and closes the flow. Git still has what was committed.
   */
  project_delete_flow: { input: ProjectDeleteFlow; output: ProjectView };
  /**
   * The projects that were open before, the latest first.
   */
  project_recent: { input: ProjectRecent; output: Array<RecentProject> };
  /**
   * Takes a project off the list of those that were open before. Its files stay.
   */
  project_forget: { input: ProjectForget; output: null };
  /**
   * The flows that were open in the open project when its window was there last.
   */
  project_tabs: { input: ProjectTabs; output: FlowTabs };
  /**
   * Remembers the flows that are open in the open project.
   */
  project_remember_tabs: { input: ProjectRememberTabs; output: null };
  /**
   * The sample projects that come with Cairn.
   */
  project_samples: { input: ProjectSamples; output: Array<Sample> };
  /**
   * Makes a new project out of a sample, puts it under git and opens it. Errors: `project/exists`,
   * `sample/unknown`, `sample/cannot-write`.
   */
  project_from_sample: { input: ProjectFromSample; output: ProjectView };
  /**
   * The flows of which a crash left unsaved changes. Opening such a flow brings them back. Empty when no project is open.
   */
  project_left_changes: { input: ProjectLeftChanges; output: Array<LeftChanges> };
  /**
   * Drops what a crash left of a flow's unsaved changes.
   */
  project_drop_left_changes: { input: ProjectDropLeftChanges; output: null };
  /**
   * Looks for a text in all flows of the project, those that are open as they are in the designer. Upper and lower case
   * are the same.
   */
  search: { input: Search; output: SearchFound };
  /**
   * The kinds of connections that there are, with their fields.
   */
  connection_kinds: { input: ConnectionKinds; output: ConnectionKindList };
  /**
   * A connection with the names of the secrets that are kept for it on this machine. Errors: `connection/not-found`.
   */
  connection_view: { input: ConnectionView; output: ConnectionDetails };
  /**
   * Writes a connection's file. Errors: `connection/exists` for a new one whose name is taken, and those of its fields
   * (`connection/missing-field` …).
   */
  connection_save: { input: ConnectionSave; output: ProjectView };
  /**
   * Deletes a connection's file, and forgets the secrets that are kept for it on this machine. Errors:
   * `connection/not-found`.
   */
  connection_delete: { input: ConnectionDelete; output: ProjectView };
  /**
   * Keeps a secret of a connection on this machine, or forgets it. Errors: `secret/unknown-field`.
   */
  connection_set_secret: { input: ConnectionSetSecret; output: SecretNames };
  /**
   * Test connection: whether what it leads to answers. Errors: `connection/not-found`, `sql/cannot-connect`,
   * `sql/access-denied`, `http/…` and the like.
   */
  connection_test: { input: ConnectionTest; output: ConnectionAnswer };
  /**
   * Read schema: the tables and views of a database. Errors like those of `connection_test`.
   */
  connection_schema: { input: ConnectionSchema; output: DatabaseSchema };
  /**
   * The kinds of triggers that there are, with their properties.
   */
  trigger_kinds: { input: TriggerKinds; output: TriggerKindList };
  /**
   * A trigger as its file says. Errors: `trigger/not-found`.
   */
  trigger_view: { input: TriggerView; output: TriggerDetails };
  /**
   * Whether what a form says of a trigger is right, and when it would fire. Nothing is written.
   */
  trigger_check: { input: TriggerCheck; output: TriggerChecked };
  /**
   * Writes a trigger's file. Errors: `trigger/exists` for a new one whose name is taken, and those of its properties
   * (`trigger/missing-property` …).
   */
  trigger_save: { input: TriggerSave; output: ProjectView };
  /**
   * Deletes a trigger's file. Errors: `trigger/not-found`.
   */
  trigger_delete: { input: TriggerDelete; output: ProjectView };
  /**
   * A calendar as its file says. Errors: `calendar/not-found`.
   */
  calendar_view: { input: CalendarView; output: CalendarDetails };
  /**
   * Writes a calendar's file. Errors: `calendar/exists` for a new one whose name is taken.
   */
  calendar_save: { input: CalendarSave; output: ProjectView };
  /**
   * Deletes a calendar's file. Errors: `calendar/not-found`.
   */
  calendar_delete: { input: CalendarDelete; output: ProjectView };
  /**
   * Every component type, in the order of the palette, with its properties: what the palette shows and what the
   * inspector is made from.
   */
  palette: { input: Palette; output: PaletteView };
  /**
   * Every function that SQL expressions and queries may call, by name: for completion and its help.
   */
  sql_functions: { input: SqlFunctions; output: SqlFunctionsView };
  /**
   * Opens a flow; one that is open already is shown as it is. Errors: `project/none-open`, `project/no-such-flow`,
   * `document/syntax`, `document/too-new`, `document/shape`.
   */
  flow_open: { input: FlowOpen; output: FlowView };
  /**
   * Closes a flow. Errors: `flow/unsaved` when it has changes that are not saved and `discard` is not set.
   */
  flow_close: { input: FlowClose; output: null };
  /**
   * Prepares a new component of a type: an id and a free name. The flow does not change; an `addComponent` edit puts
   * it in. Errors: `flow/unknown-type`.
   */
  flow_new_component: { input: FlowNewComponent; output: NewComponent };
  /**
   * Changes a flow: the one way for the mouse, the keyboard, menus and paste. The flow either changes as asked or
   * not at all. An edit made on an older revision is applied all the same when what changed since touches other
   * components. Errors: `edit/…` (the edit breaks a rule of the document), `flow/stale-revision`.
   */
  flow_apply_edit: { input: FlowApplyEdit; output: FlowChange };
  /**
   * Takes back the last step. Errors: `flow/nothing-to-undo`.
   */
  flow_undo: { input: FlowUndo; output: FlowChange };
  /**
   * Does again what was taken back last. Errors: `flow/nothing-to-redo`.
   */
  flow_redo: { input: FlowRedo; output: FlowChange };
  /**
   * Writes a flow to its file, all of it or nothing. What another program wrote to the file meanwhile is merged in first.
   * Flow tests that name components of it get the names that these have now.
   * Errors: `project/changed-outside` when both changed the same and `overwrite` is not set (ask `flow_conflicts`);
   * `project/disk-full`, `project/read-only`, `project/cannot-write`.
   */
  flow_save: { input: FlowSave; output: FlowSaved };
  /**
   * Loads a flow anew from its file and drops the changes that are not saved.
   */
  flow_reload: { input: FlowReload; output: FlowView };
  /**
   * What both this window and another program changed in a flow, each differently, since it was opened or saved here. Empty
   * when nothing is open. Errors: the file cannot be read as a flow (`document/…`).
   */
  flow_conflicts: { input: FlowConflicts; output: Array<ConflictView> };
  /**
   * Takes in what another program wrote to the file of an open flow, as one step that can be undone. The answer is what is
   * left to decide; while anything is, nothing is taken in.
   */
  flow_take_in: { input: FlowTakeIn; output: Array<ConflictView> };
  /**
   * Which components run again, with it, when a component fails after everything before it has succeeded, and a new
   * attempt (a retry or a takeover) goes on from what was saved.
   */
  flow_runs_again: { input: FlowRunsAgain; output: RunsAgain };
  /**
   * Components and the links between them as text, for the clipboard.
   */
  flow_copy: { input: FlowCopy; output: CopiedText };
  /**
   * Puts copied components into a flow, with new ids and free names, as one undo step. The new components are those
   * of the reply's patch. Errors: `flow/nothing-to-paste` when the text holds nothing that could be
   * pasted.
   */
  flow_paste: { input: FlowPaste; output: FlowChange };
  /**
   * The problems of every flow of the project: of the open ones as they are in the designer, of the others as they are
   * saved. All is looked at anew, which takes its time in a large project.
   */
  project_problems: { input: ProjectProblems; output: Array<FlowProblems> };
  /**
   * What a run of an open flow as it is now would change in the world: the places that it writes to and what it calls, in
   * the order of the flow.
   */
  run_effects: { input: RunEffects; output: Array<RunEffect> };
  /**
   * Runs an open flow here as it is now, saved or not, with the other open flows as they are now, too. What happens comes in `run-changed` events. A run of the same flow that is
   * still going on is stopped first. Errors: `run/not-runnable` with the place of the first problem, `input/…`.
   */
  run_start: { input: RunStart; output: RunView };
  /**
   * Stops a local run: components that run come to a safe end, no other starts.
   */
  run_stop: { input: RunStop; output: null };
  /**
   * The last local run of a flow, or null.
   */
  run_last: { input: RunLast; output: RunView | null };
  /**
   * The first records (at most 100) that an outlet delivered in a local run. Errors: `run/unknown`, `run/no-stream`.
   */
  run_stream: { input: RunStream; output: StreamView };
  /**
   * The flow tests of the project, by name; those that cannot be read are listed with what is wrong.
   */
  test_list: { input: TestList; output: Array<TestSummary> };
  /**
   * The file of a flow test. Errors: `test/not-found`.
   */
  test_read: { input: TestRead; output: TestText };
  /**
   * Writes the file of a flow test, all or nothing, once it is found to be one. Errors: `test/syntax`, `test/too-new`,
   * `test/exists`, `project/name`, `project/cannot-write`.
   */
  test_save: { input: TestSave; output: null };
  /**
   * Removes the file of a flow test. Errors: `test/not-found`.
   */
  test_delete: { input: TestDelete; output: null };
  /**
   * Runs one flow test, with the flows as they are in the designer, saved or not, and answers when it has ended.
   */
  test_run: { input: TestRun; output: TestOutcome };
  /**
   * Makes a flow test of a local run that has ended: its inputs, stand-ins for the connections that the flow uses, and what
   * it gave as what is expected. Nothing is written yet. Errors: `run/unknown`, `run/still-running`.
   */
  test_from_run: { input: TestFromRun; output: TestDraft };
  /**
   * Where the working copy stands. Errors: `vcs/none` when the project is not under git.
   */
  vcs_status: { input: VcsStatus; output: VcsView };
  /**
   * The files that differ from the last commit, with what changed in the flows among them.
   */
  vcs_changes: { input: VcsChanges; output: Array<FlowWords> };
  /**
   * Commits changed files. Open flows among them must be saved before. Errors: `vcs/nothing-to-commit`,
   * `vcs/empty-message`, `vcs/unsaved`, `vcs/no-author` when git knows no name and address of the author.
   */
  vcs_commit: { input: VcsCommit; output: Commit };
  /**
   * Pushes the branch to the remote. Errors: `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/not-fast-forward`
   * (pull first).
   */
  vcs_push: { input: VcsPush; output: VcsView };
  /**
   * Fetches from the remote and brings the working copy up. What went different ways here and there is merged, flows by
   * component, with a merge commit; where both sides changed the same, the answer names it and nothing is merged, until
   * `keep` says whose changes count there. Open flows without changes of their own are loaded anew. Errors:
   * `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/would-overwrite` when files with changes that are not committed
   * changed there too.
   */
  vcs_pull: { input: VcsPull; output: Pulled };
  /**
   * The commits of the project, or of one flow, the newest first.
   */
  vcs_log: { input: VcsLog; output: Array<Commit> };
  /**
   * The commits that changed the project, or one flow, with what each changed in words; the newest first.
   */
  vcs_history: { input: VcsHistory; output: HistoryPage };
  /**
   * A flow as it was in a commit; it is not opened. Errors: `vcs/no-such-commit`, `project/no-such-flow` when the commit
   * does not have it, `document/…` when it could not be read then either.
   */
  vcs_flow_at: { input: VcsFlowAt; output: FlowAtCommit };
  /**
   * Puts the version of a flow that a commit has in the place of the open one, as a step that can be undone; a flow that is
   * not there any more is made again. It is not saved. Errors: as `vcs_flow_at`.
   */
  vcs_restore: { input: VcsRestore; output: FlowChange | null };
  /**
   * The git branches that are here, and those that only a remote has, as last fetched.
   */
  vcs_branches: { input: VcsBranches; output: Array<BranchView> };
  /**
   * Makes a git branch at the newest commit and switches to it; everything stays as it is. Errors: `vcs/branch-name`,
   * `vcs/branch-exists`, `vcs/in-progress`.
   */
  vcs_create_branch: { input: VcsCreateBranch; output: VcsView };
  /**
   * Switches to another git branch. Changes that are not committed come along, flows merged by component; so do changes that
   * are not saved. Errors: `vcs/switch-conflict` when they cannot (nothing changed then), `vcs/unknown-branch`,
   * `vcs/in-progress`.
   */
  vcs_switch: { input: VcsSwitch; output: SwitchedView };
  /**
   * Clones a repository into a folder, which must be new or empty. Progress comes in `clone-progress` events. Errors:
   * `vcs/exists`, `vcs/auth` (set a credential and try again), `vcs/unreachable`, `vcs/cancelled`.
   */
  vcs_clone: { input: VcsClone; output: Cloned };
  /**
   * Breaks off the clone that goes on. Nothing of it stays.
   */
  vcs_clone_cancel: { input: VcsCloneCancel; output: null };
  /**
   * Puts the project under git, on the branch `main`.
   */
  vcs_init: { input: VcsInit; output: VcsView };
  /**
   * Sets the address of the remote `origin`.
   */
  vcs_set_remote: { input: VcsSetRemote; output: VcsView };
  /**
   * What both sides of a merge by git changed in a flow whose file is in conflict. Errors: `vcs/not-in-conflict`.
   */
  vcs_solve_conflicts: { input: VcsSolveConflicts; output: Array<ConflictView> };
  /**
   * Solves a flow whose file a merge by git left in conflict: writes it merged by component, and tells git. The answer is
   * what is left to decide; while anything is, nothing is written. Errors: `vcs/not-in-conflict`, `document/…`.
   */
  vcs_solve: { input: VcsSolve; output: Array<ConflictView> };
  /**
   * The credentials for git hosts that are kept here, and what an address asks for.
   */
  git_credentials: { input: GitCredentials; output: GitCredentialsView };
  /**
   * Keeps a credential for a git host, in the place of the one before. Errors: `git-credential/…`, `secret/…`.
   */
  git_set_credential: { input: GitSetCredential; output: Array<HostCredential> };
  /**
   * Forgets the credential for a git host.
   */
  git_forget_credential: { input: GitForgetCredential; output: Array<HostCredential> };
  /**
   * Asks the repository at an address for its git branches: whether it is there and lets the author in. Errors: `vcs/auth`,
   * `vcs/unreachable`, `vcs/certificate`.
   */
  git_test_access: { input: GitTestAccess; output: Array<string> };
  /**
   * The clusters that the designer knows, and the chosen one.
   */
  cluster_list: { input: ClusterList; output: ClusterListView };
  /**
   * Signs in to a cluster, new or known, and chooses it. The password is used once, to have the cluster make a token
   * that can be revoked; the token is kept in the system's keyring. Errors: `auth/wrong-password`,
   * `auth/too-many-attempts`, `client/unreachable`, `client/address`.
   */
  cluster_sign_in: { input: ClusterSignIn; output: ClusterView };
  /**
   * Signs out of a cluster: the token is revoked there and forgotten here.
   */
  cluster_sign_out: { input: ClusterSignOut; output: ClusterListView };
  /**
   * Signs out of a cluster and forgets it.
   */
  cluster_remove: { input: ClusterRemove; output: ClusterListView };
  /**
   * Chooses the cluster that Push update goes to. Errors: `cluster/unknown`.
   */
  cluster_choose: { input: ClusterChoose; output: ClusterListView };
  /**
   * Marks a cluster: its colour, whether it is production, the git branch that goes to it. Errors: `cluster/unknown`.
   */
  cluster_set_mark: { input: ClusterSetMark; output: ClusterListView };
  /**
   * How a cluster is doing: its servers and how many requests it has in each state. From the first call on the
   * designer follows the cluster's event streams and sends `cluster-changed`. Errors of this and all commands that
   * ask a cluster: `cluster/unknown`, `cluster/not-signed-in`, `cluster/unreachable`, and the codes of the servers.
   */
  cluster_overview: { input: ClusterOverviewOf; output: ClusterOverview };
  /**
   * Lists requests, the newest first.
   */
  cluster_requests: { input: ClusterRequests; output: Page<Request> };
  /**
   * One request with its attempts and saved points.
   */
  cluster_request: { input: ClusterRequest; output: RequestDetail };
  /**
   * The log of a request, the oldest entry first.
   */
  cluster_request_log: { input: ClusterRequestLog; output: Array<LogEntry> };
  /**
   * The flow of a request as it was when the request was made.
   */
  cluster_request_flow: { input: ClusterRequestFlow; output: FlowAtVersion };
  /**
   * The first records that a request saved at one of its saved points.
   */
  cluster_saved_point: { input: ClusterSavedPoint; output: SavedRows };
  /**
   * Re-executes a request, at the version that it is pinned to or at the newest. Errors: `request/version-does-not-fit`.
   */
  cluster_re_execute: { input: ClusterReExecute; output: Request };
  /**
   * What a re-execution of a request would do, and what stands in its way: which saved points fit the version.
   */
  cluster_re_execution: { input: ClusterReExecution; output: ReExecutionPreview };
  /**
   * Takes a running request from its server, which lives and gets nowhere with it.
   */
  cluster_take_over: { input: ClusterTakeOver; output: Request };
  /**
   * Cancels a request.
   */
  cluster_cancel: { input: ClusterCancel; output: Request };
  /**
   * Starts requests of a flow, at the version that the server has that is asked: the last one pushed to it.
   */
  cluster_start_requests: { input: ClusterStartRequests; output: Array<Request> };
  /**
   * Re-executes or cancels many requests of a cluster, or says what that would do.
   */
  cluster_bulk: { input: ClusterBulk; output: BulkDone };
  /**
   * How many of the requests of a cluster that fit are in each state.
   */
  cluster_counts: { input: ClusterCounts; output: Counts };
  /**
   * The filters of the Status List that the account keeps on a cluster.
   */
  cluster_filters: { input: ClusterFilters; output: Array<SavedFilter> };
  /**
   * Keeps a filter, in the place of the one of its name; answers all that are kept.
   */
  cluster_save_filter: { input: ClusterSaveFilter; output: Array<SavedFilter> };
  /**
   * Forgets a filter.
   */
  cluster_remove_filter: { input: ClusterRemoveFilter; output: null };
  /**
   * Puts a server of a cluster into maintenance, or ends that. Any server that answers can be asked for it, so that one
   * that hangs or is down can be taken out too. Errors: `server/not-found`.
   */
  cluster_maintain: { input: ClusterMaintain; output: Server };
  /**
   * What the servers of a cluster counted lately.
   */
  cluster_metrics: { input: ClusterMetrics; output: MetricsHistory };
  /**
   * A page of a request's attempts, in their order; the newest ones when nothing else is asked for.
   */
  cluster_attempts: { input: ClusterAttempts; output: Page<Attempt> };
  /**
   * A page of what a request saved, in the order of saving; the newest when nothing else is asked for.
   */
  cluster_saved_points: { input: ClusterSavedPoints; output: Page<SavedPoint> };
  /**
   * Writes the whole stream of a saved point to a file that the author chooses in the system's own dialog. Errors:
   * `cluster/download`; `host/not-available` in a browser, which downloads it as it does other files.
   */
  cluster_download: { input: ClusterDownload; output: Downloaded };
  /**
   * What Push update to a cluster would do. Nothing is changed.
   */
  push_update_plan: { input: PushUpdatePlanOf; output: PushUpdatePlan };
  /**
   * Pushes what is committed (if anything is not pushed yet), records on the cluster the commit that every server
   * shall have, and then has every server Update, one after the other. Progress comes in `push-update-progress`
   * events. It stops at the first server that fails: those behind it keep what they have, and doing it again goes on there.
   * A project that the cluster does not know yet is registered with the address of the git remote. The result is kept in a
   * history. Errors: `vcs/…`, `cluster/…`, `push-update/uncommitted` when changed files would be left behind and
   * `leave_changes` is not set, `push-update/other-branch` when another git branch goes to the cluster,
   * `push-update/confirm` when the cluster is marked production and `confirm` is not its name.
   */
  push_update: { input: PushUpdate; output: PushUpdateProgress };
  /**
   * Makes a commit that brings the project back to a former version, and pushes that as an update: the same version again,
   * and nothing is taken out of the history. Open flows follow. Errors: as `push_update`, and `vcs/would-overwrite` when
   * changes that are not committed are in the way.
   */
  push_update_back: { input: PushUpdateBack; output: PushUpdateProgress };
  /**
   * The Push updates to a cluster that were made from here, the latest first.
   */
  push_update_history: { input: PushUpdateHistory; output: Array<PushUpdateRecord> };
  /**
   * What the Failover tour would do on the chosen cluster, or why it cannot: it kills a server, so it only does that
   * to servers that `cairn tour` started for it.
   */
  tour_plan: { input: TourPlan; output: TourPlanView };
  /**
   * Starts the Failover tour; it goes on by itself and tells of itself in `tour-progress` events. Errors:
   * `tour/not-possible`, `tour/running`.
   */
  tour_start: { input: TourStart; output: TourProgress };
}
