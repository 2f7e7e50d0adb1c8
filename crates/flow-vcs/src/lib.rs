//! flow-vcs
