//! flow-server
