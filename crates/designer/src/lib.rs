//! designer
