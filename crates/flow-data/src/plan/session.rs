//! DataFusion's settings for plans over whole streams.

use super::checked::checked_sum;
use crate::expression::limited::limit_functions;
use crate::{DataError, Spool, SpoolLimits};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

/// How the records of two streams are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum JoinMethod {
    /// One side is held in memory; the records come in the order of the other.
    Hash,
    /// Both are sorted, on disk if need be; the records come in no particular order.
    Merge,
}

static HASH: LazyLock<SessionState> = LazyLock::new(|| state(JoinMethod::Hash));
static MERGE: LazyLock<SessionState> = LazyLock::new(|| state(JoinMethod::Merge));

/// The session that plans with this method.
pub(super) fn session(method: JoinMethod) -> &'static SessionState {
    match method {
        JoinMethod::Hash => &HASH,
        JoinMethod::Merge => &MERGE,
    }
}

fn state(method: JoinMethod) -> SessionState {
    // One partition: the same streams always give the same records in the same order. Reading and decoding, which take
    // most of the time, run on all cores all the same.
    // (DataFusion sorts the sides of a join only where there are several.)
    let partitions = if method == JoinMethod::Hash { 1 } else { 2 };
    let mut config = SessionConfig::new().with_target_partitions(partitions).with_information_schema(false);
    let options = config.options_mut();
    // As for expressions: names as they are written, one kind of text.
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.optimizer.prefer_hash_join = method == JoinMethod::Hash;
    // These filters live in a plan, and ours are used again.
    options.optimizer.enable_dynamic_filter_pushdown = false;
    let mut state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    // It refuses nothing: there is a `sum` already, which this one replaces.
    let _ = state.register_udaf(checked_sum());
    limit_functions(&mut state);
    state
}

/// The memory and the folder for files that all plans of a process share.
pub(super) fn runtime(spool: &Spool) -> Result<Arc<RuntimeEnv>, DataError> {
    if let Some(runtime) = spool.runtime().get() {
        return Ok(Arc::clone(runtime));
    }
    let SpoolLimits { plans, .. } = spool.limits();
    let mut disk = DiskManagerBuilder::default();
    if let Some(folder) = spool.folder() {
        std::fs::create_dir_all(folder).map_err(|error| DataError::File {
            message: format!("the folder {} for large streams cannot be made: {error}", folder.display()),
        })?;
        disk = disk.with_mode(DiskManagerMode::Directories(vec![folder.clone()]));
    }
    let shown = NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(plans), shown)))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(|error| DataError::Internal { message: error.strip_backtrace() })?;
    Ok(Arc::clone(spool.runtime().get_or_init(|| runtime)))
}
