//! flow-cluster
