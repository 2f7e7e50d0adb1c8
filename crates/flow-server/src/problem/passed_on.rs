//! The codes of other crates that the API passes on, each with its HTTP status and its title.

use flow_api::codes::Code;

const fn of(code: &'static str, status: u16, title: &'static str) -> Code {
    Code { code, status, title }
}

/// What was asked for is not in the checkpoint database, and has no code of its own.
pub const STORE_NOT_FOUND: Code = of("store/not-found", 404, "It does not exist");
/// What was asked for would contradict what is in the checkpoint database.
pub const STORE_CONFLICT: Code = of("store/conflict", 409, "It would contradict what is there");
/// The checkpoint database does not answer.
pub const STORE_UNAVAILABLE: Code = of("store/unavailable", 503, "The checkpoint database is not available");
/// The checkpoint database has no room.
pub const STORE_FULL: Code = of("store/full", 503, "The checkpoint database is not available");
/// The checkpoint storage is no folder, so that a server cannot read another one's log.
pub const STORAGE_NO_FOLDER: Code = of("storage/no-folder", 422, "The log is on another machine");
/// A file in the checkpoint storage cannot be read.
pub const STORAGE_UNAVAILABLE: Code = of("storage/unavailable", 503, UNREADABLE);

const UNREADABLE: &str = "The checkpoint storage cannot be read";

/// What the checkpoint storage may answer.
pub const STORAGE: &[Code] = &[
    of("storage/not-writable", 503, "The checkpoint storage cannot be written"),
    of("storage/bucket", 503, UNREADABLE),
    of("storage/another", 503, "The checkpoint storage is not the cluster's"),
    of("storage/missing-object", 503, UNREADABLE),
    of("storage/unreadable", 503, UNREADABLE),
    of("storage/corrupt", 503, UNREADABLE),
];

const NOT_UPDATED: &str = "The working copy cannot be updated";

/// What git may answer about a working copy.
pub const VCS: &[Code] = &[
    of("vcs/unreachable", 502, NOT_UPDATED),
    of("vcs/auth", 502, NOT_UPDATED),
    of("vcs/certificate", 502, NOT_UPDATED),
    of("vcs/busy", 503, NOT_UPDATED),
    of("vcs/no-commit", 409, NOT_UPDATED),
    of("vcs/no-such-branch", 409, NOT_UPDATED),
    of("vcs/no-such-commit", 409, NOT_UPDATED),
    of("vcs/no-such-folder", 409, NOT_UPDATED),
    of("vcs/not-fast-forward", 409, NOT_UPDATED),
    of("vcs/would-overwrite", 409, NOT_UPDATED),
    of("vcs/none", 500, NOT_UPDATED),
    of("vcs/owner", 500, NOT_UPDATED),
    of("vcs/no-remote", 500, NOT_UPDATED),
    of("vcs/file", 500, NOT_UPDATED),
    of("vcs/in-progress", 500, NOT_UPDATED),
    of("vcs/detached", 500, NOT_UPDATED),
    of("vcs/git", 500, NOT_UPDATED),
];

const NOT_WRITTEN: &str = "The saved stream cannot be written so";

/// What is said of a saved stream that cannot be read, or not be written in the format that is asked for.
pub const DATA: &[Code] = &[
    of("data/csv", 422, NOT_WRITTEN),
    of("data/decode", 422, NOT_WRITTEN),
    of("data/different-fields", 422, NOT_WRITTEN),
    of("data/encode", 422, NOT_WRITTEN),
    of("data/encoding", 422, NOT_WRITTEN),
    of("data/evaluate", 422, NOT_WRITTEN),
    of("data/file", 422, NOT_WRITTEN),
    of("data/internal", 422, NOT_WRITTEN),
    of("data/malformed", 422, NOT_WRITTEN),
    of("data/too-large", 422, NOT_WRITTEN),
    of("data/type", 422, NOT_WRITTEN),
    of("data/value", 422, NOT_WRITTEN),
];

const NOT_VALID: &str = "A value is not valid";

/// What is said of the inputs of a request.
pub const INPUTS: &[Code] =
    &[of("input/missing", 422, NOT_VALID), of("input/type", 422, NOT_VALID), of("input/unknown", 422, NOT_VALID)];
