//! Requests: looking at them, changing them, and what they saved.

pub mod bulk;
pub mod change;
pub mod events;
pub mod read;
pub mod saved;
