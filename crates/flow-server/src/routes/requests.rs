//! Requests: looking at them, changing them, and what they saved.

pub mod change;
pub mod read;
pub mod saved;
