//! flow-project
