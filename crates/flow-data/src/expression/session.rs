//! The one DataFusion session of the process: its functions and its settings for SQL.

use super::limited::limit_functions;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use std::sync::LazyLock;

static SESSION: LazyLock<SessionState> = LazyLock::new(|| {
    let mut config = SessionConfig::new();
    let sql = &mut config.options_mut().sql_parser;
    // Fields come from files and databases with the case they have there.
    sql.enable_ident_normalization = false;
    // Streams hold one kind of text, so that the same fields always have the same types.
    sql.map_string_types_to_utf8view = false;
    let mut state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    limit_functions(&mut state);
    state
});

/// The session, made at its first use.
pub(super) fn session() -> &'static SessionState {
    &SESSION
}
