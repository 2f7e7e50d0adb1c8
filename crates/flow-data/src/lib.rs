//! Streams: what travels on the links of a flow, as Arrow record batches; the SQL expressions that work on them
//! (compiled by DataFusion); their checkpoint format (Arrow IPC); and CSV in and out.
//!
//! This is the only crate that knows DataFusion. It hands on DataFusion's own Arrow as [`arrow`], so that everybody
//! speaks of the same types.

mod codec;
mod error;
mod expression;
pub mod formats;
mod json;
mod nearby;
mod plan;
mod stream;
mod transform;
mod types;
mod variables;

pub use codec::{Writer, decode, decode_file, encode, write};
pub use datafusion::arrow;
pub use error::DataError;
pub use expression::{Expression, ExpressionCache, FunctionKind, SqlFunction, functions};
pub use formats::{CsvOptions, read_csv, write_csv};
pub use json::{Numbers, json_schema_of, json_to_batch, value_at};
pub use nearby::nearby_names;
pub use plan::{JoinKey, JoinKind, SortKey, Unnest, aggregate, distinct, join, key_type, query, sort, union, unnest};
pub use stream::{Batches, Collector, Spool, SpoolLimits, Stream, Tap};
pub use transform::{Projection, holds_for_first, keep, split};
pub use types::{parse_type, type_name, type_text};
pub use variables::Variables;
