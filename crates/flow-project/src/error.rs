//! What can go wrong with a project, and what can be done about it.

use flow_model::{CalendarError, ConnectionError, DocumentError, EditError, FlowName, InvalidName, TriggerError};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use ts_rs::TS;

/// Why something could not be done with a project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder does not exist.
    #[error("there is no folder “{}”", path.display())]
    NotFound {
        /// The folder asked for.
        path: PathBuf,
    },
    /// The folder has no `project.json`.
    #[error("“{}” is not a Cairn project: it has no project.json. Open another folder, or create a project there", path.display())]
    NotAProject {
        /// The folder.
        path: PathBuf,
    },
    /// There is something where a new project should go.
    #[error("“{}” is not empty: create the project in a new folder, or open it if it is a project already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A copy of the project would be within the project.
    #[error("“{}” is inside the project: save the copy in a folder elsewhere", path.display())]
    Inside {
        /// The folder.
        path: PathBuf,
    },
    /// `project.json` cannot be understood.
    #[error("project.json: {problem}")]
    Descriptor {
        /// What is wrong with it.
        problem: String,
    },
    /// A newer release wrote `project.json`.
    #[error("project.json has format {found}, which is newer than this release of Cairn reads: update Cairn")]
    TooNew {
        /// The format of the file.
        found: u64,
    },
    /// The flow has no file.
    #[error("the project has no flow “{flow}”")]
    NoSuchFlow {
        /// The flow asked for.
        flow: FlowName,
    },
    /// A flow of that name has a file already.
    #[error("the project has a flow “{flow}” already: choose another name")]
    FlowExists {
        /// The flow.
        flow: FlowName,
    },
    /// The file is not as it was when it was read.
    #[error(
        "{path} was changed by another program since it was opened: load it anew and lose your changes, or save over it"
    )]
    ChangedOutside {
        /// The file, relative to the project.
        path: String,
    },
    /// The flow's file cannot be understood.
    #[error("{}: {problem}", flow.path())]
    Document {
        /// The flow.
        flow: FlowName,
        /// What is wrong with its file.
        problem: DocumentError,
    },
    /// The connection's file cannot be understood.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The connection has no file.
    #[error("the project has no connection “{connection}”")]
    NoSuchConnection {
        /// The connection asked for.
        connection: String,
    },
    /// A connection of that name has a file already.
    #[error("the project has a connection “{connection}” already: choose another name")]
    ConnectionExists {
        /// The connection.
        connection: String,
    },
    /// The trigger's file cannot be understood.
    #[error(transparent)]
    Trigger(Box<TriggerError>),
    /// The trigger has no file.
    #[error("the project has no trigger “{trigger}”")]
    NoSuchTrigger {
        /// The trigger asked for.
        trigger: String,
    },
    /// A trigger of that name has a file already.
    #[error("the project has a trigger “{trigger}” already: choose another name")]
    TriggerExists {
        /// The trigger.
        trigger: String,
    },
    /// The calendar's file cannot be understood.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The calendar has no file.
    #[error("the project has no calendar “{calendar}”")]
    NoSuchCalendar {
        /// The calendar asked for.
        calendar: String,
    },
    /// A calendar of that name has a file already.
    #[error("the project has a calendar “{calendar}” already: choose another name")]
    CalendarExists {
        /// The calendar.
        calendar: String,
    },
    /// The flow test has no file.
    #[error("the project has no flow test “{test}”")]
    NoSuchTest {
        /// The test asked for.
        test: String,
    },
    /// A flow test of that name has a file already.
    #[error("the project has a flow test “{test}” already: choose another name")]
    TestExists {
        /// The test.
        test: String,
    },
    /// A name is not valid.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A symbolic link leads out of the project.
    #[error(
        "{path} leads out of the project by a symbolic link, and Cairn writes only within the project: remove the link"
    )]
    Outside {
        /// The path, relative to the project.
        path: String,
    },
    /// The edit was made on a revision that is no longer the flow's, and what changed since meets it.
    #[error(
        "“{flow}” has changed since revision {base}, in a place that this edit changes too: look at it anew and repeat the edit"
    )]
    StaleRevision {
        /// The flow.
        flow: FlowName,
        /// The revision that the edit was made on.
        base: u64,
    },
    /// The edit breaks a rule of the document.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// There is no step to take back.
    #[error("there is nothing to undo in “{flow}”")]
    NothingToUndo {
        /// The flow.
        flow: FlowName,
    },
    /// There is no step to do again.
    #[error("there is nothing to redo in “{flow}”")]
    NothingToRedo {
        /// The flow.
        flow: FlowName,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    CannotRead {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk has no room left. What was there before is unchanged.
    #[error(
        "there is no room left on the disk of {}. Nothing is lost: the file is as it was before, and what is not saved \
         is kept in this window. Make room and save again, or save the project in a folder on another disk",
        path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder may only be read. What was there before is unchanged.
    #[error(
        "{} may only be read ({problem}). Nothing is lost: what is not saved is kept in this window. Save the project in \
         another folder, or make this one writable and save again",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// A file cannot be written. What was there before is unchanged.
    #[error("cannot write {}: {source}. The file is as it was before", path.display())]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder cannot be watched for changes.
    #[error("cannot watch {} for changes by other programs: {problem}", path.display())]
    CannotWatch {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
}

/// A problem of a file that is listed all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Problem {
    /// The stable code: `document/syntax`.
    pub code: String,
    /// What is wrong and where.
    pub message: String,
}

impl ProjectError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "project/not-found",
            Self::NotAProject { .. } => "project/not-a-project",
            Self::Exists { .. } => "project/exists",
            Self::Inside { .. } => "project/inside",
            Self::Descriptor { .. } => "project/descriptor",
            Self::TooNew { .. } => "project/too-new",
            Self::NoSuchFlow { .. } => "project/no-such-flow",
            Self::FlowExists { .. } => "project/flow-exists",
            Self::ChangedOutside { .. } => "project/changed-outside",
            Self::Document { problem, .. } => problem.code(),
            Self::Connection(error) => error.code(),
            Self::NoSuchConnection { .. } => "connection/not-found",
            Self::ConnectionExists { .. } => "connection/exists",
            Self::Trigger(error) => error.code(),
            Self::NoSuchTrigger { .. } => "trigger/not-found",
            Self::TriggerExists { .. } => "trigger/exists",
            Self::Calendar(error) => error.code(),
            Self::NoSuchCalendar { .. } => "calendar/not-found",
            Self::CalendarExists { .. } => "calendar/exists",
            Self::NoSuchTest { .. } => "test/not-found",
            Self::TestExists { .. } => "test/exists",
            Self::Name(_) => "project/name",
            Self::Outside { .. } => "project/outside",
            Self::StaleRevision { .. } => "flow/stale-revision",
            Self::Edit(error) => error.code(),
            Self::NothingToUndo { .. } => "flow/nothing-to-undo",
            Self::NothingToRedo { .. } => "flow/nothing-to-redo",
            Self::CannotRead { .. } => "project/cannot-read",
            Self::DiskFull { .. } => "project/disk-full",
            Self::ReadOnly { .. } => "project/read-only",
            Self::CannotWrite { .. } => "project/cannot-write",
            Self::CannotWatch { .. } => "project/cannot-watch",
        }
    }

    /// The error as a problem of a listed file.
    pub fn problem(&self) -> Problem {
        Problem { code: self.code().to_owned(), message: self.to_string() }
    }

    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::CannotRead { path, source }
    }

    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path, problem: source.to_string() }
            }
            _ => Self::CannotWrite { path, source },
        }
    }
}
