//! flow-store-sqlite
