//! Tests of the whole engine over the in-memory store, with a test palette whose components write into a ledger.

mod cluster;
mod ending;
mod errors;
mod flowing;
mod generator;
mod inside;
mod killed;
mod local;
mod oracle;
mod places;
mod resume;
mod running;
mod scopes;
mod speculation;
mod sub_flow;
mod waiting;
mod world;
