//! What `cairn tour` says about the servers that it started.

use crate::CommandError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The environment variable that leads to the file.
const VARIABLE: &str = "CAIRN_TOUR";
/// Its name in the config folder, where it is looked for without the variable.
const NAME: &str = "tour.json";

/// The servers that the tour may kill, and what it starts on them. Its supervisor writes it, writes it anew when it has
/// started a server again, and removes it at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TourFile {
    /// The name of the cluster in the designer.
    pub cluster: String,
    /// The project on the cluster.
    pub project: String,
    /// The flow whose requests are started.
    pub flow: String,
    /// How many requests are started.
    pub requests: u32,
    /// Their inputs.
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// The servers.
    pub servers: Vec<TourServer>,
}

/// A server that the tour's supervisor started, and will start again when it dies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TourServer {
    /// Its name.
    pub name: String,
    /// Its id on the cluster.
    pub id: String,
    /// Its process on this machine.
    pub pid: u32,
    /// Its address.
    pub address: String,
}

impl TourFile {
    /// The file that the tour goes by: that of the environment variable `CAIRN_TOUR`, else `tour.json` in `config`.
    pub fn path(config: &Path) -> PathBuf {
        let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        named.unwrap_or_else(|| config.join(NAME))
    }

    /// Writes the file, all or nothing.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let temporary = path.with_extension("json.tmp");
        fs::write(&temporary, serde_json::to_vec_pretty(self)?)?;
        fs::rename(temporary, path)
    }

    pub(super) fn read(config: &Path) -> Result<Self, CommandError> {
        let impossible = |why: String| CommandError::new("tour/not-possible", why);
        let path = Self::path(config);
        let content = fs::read(&path).map_err(|_| {
            impossible(
                "the Failover tour kills a server, so it is only for servers that were started for it: \
                 `cairn tour`, or `make run` in a clone, starts such a cluster"
                    .to_owned(),
            )
        })?;
        serde_json::from_slice(&content).map_err(|error| impossible(format!("{} is broken: {error}", path.display())))
    }
}
