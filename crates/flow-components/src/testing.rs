//! Surroundings for tests of components: real files in a folder of their own, connections, a real HTTP client.

use crate::{Component, ComponentError, Outcome, Palette, Places, ResolvedPath, RunContext, Services};
use bytes::Bytes;
use flow_data::{CsvOptions, ExpressionCache, Stream, Variables, read_csv};
use flow_model::{ComponentId, Connection, IN};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
