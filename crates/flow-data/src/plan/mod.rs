//! What works on whole streams: sort, aggregate, join, distinct, SQL queries (planned and run by DataFusion, with a limit
//! of memory and files beyond it), and union and unnest (batch by batch).
//!
//! Everything is planned at once, so the fields of the result and whatever is wrong with the expressions are known
//! before anything runs: design-time checks plan over empty streams. The work is done while the result is read, again
//! each time. Plans are kept, in the [`Spool`], for the next time that the same is asked of streams with the same fields.

mod cache;
mod checked;
mod compile;
mod execute;
mod join;
mod numbering;
mod query;
mod session;
mod sort;
mod telling;
mod union;
mod unnest;

pub(crate) use cache::PlanCache;
pub use join::{JoinKey, JoinKind, join, key_type};
pub use query::query;
pub use sort::{SortKey, aggregate, distinct, sort};
pub use union::union;
pub use unnest::{Unnest, unnest};

#[cfg(test)]
mod tests;
