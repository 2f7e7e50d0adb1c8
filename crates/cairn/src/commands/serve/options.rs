//! What can be said about a server: in its configuration file, in its environment and on its command line alike.

use crate::checkpoint_database::CheckpointConnection;
use clap::{CommandFactory as _, Parser, ValueEnum};
use flow_store::StoragePlace;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What a log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// What is said about a server in one place.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// The checkpoint database: sqlite:PATH, or postgres://USER@HOST/DATABASE. Every server of the cluster is given the
    /// same one.
    #[arg(long, value_name = "CONNECTION")]
    pub checkpoint_connection: Option<CheckpointConnection>,
    /// The checkpoint storage, the same for every server: a folder for large checkpoints and for `storage:` paths, or
    /// s3://BUCKET/PREFIX, where flows only read.
    #[arg(long, value_name = "FOLDER|s3://BUCKET/PREFIX")]
    pub checkpoint_storage: Option<StoragePlace>,
    /// The file with the cluster's key, the same for every server, made where it is missing; with SQLite beside the
    /// database unless given.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// This server's own folder: its id and its working copies of projects.
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
    /// Where to listen. Port 0 takes a free one. [default: 127.0.0.1:7401]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where others reach this server, if not where it listens: https://cairn.example.org. One that listens on all addresses of
    /// its machine is announced by the one that the machine calls others from.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub address: Option<String>,
    /// The name shown to people; the server's id unless given, and kept from then on.
    #[arg(long)]
    pub name: Option<String>,
    /// How many attempts run here at once; what is more waits for its turn or for another server. [default: 64]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: Option<u16>,
    /// Where what does not fit into memory is put: a folder on a real disk, emptied when the server ends; without it
    /// `spool` in the folder of --state.
    #[arg(long, value_name = "FOLDER")]
    pub spool_path: Option<PathBuf>,
    /// Whether what is behind a Checkpoint may start before that is durable. What changes the world never does. [default: on]
    #[arg(long, value_name = "ON|OFF")]
    pub speculation: Option<Switch>,
    /// Whether to refuse to start while this machine's clock is an hour or more from the database's, or behind what is
    /// written there. [default: on]
    #[arg(long, value_name = "ON|OFF")]
    pub clock_check: Option<Switch>,
    /// Serve TLS with this certificate (PEM, with those it was signed with). It is read again when the file changes.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Proxies whose word about who calls is taken, as networks: 10.0.0.0/8,127.0.0.1/32
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,
    /// Whether anybody may read /metrics; otherwise it takes a token. [default: off]
    #[arg(long, value_name = "ON|OFF", num_args = 0..=1, default_missing_value = "on", require_equals = true)]
    pub metrics_public: Option<Switch>,
    /// What the log on standard error looks like. [default: text, or json with --json]
    #[arg(long, value_name = "TEXT|JSON")]
    pub log_format: Option<LogFormat>,
}

impl Options {
    /// Its options as texts, as they could have been written (with passwords), by the names of their flags.
    pub fn texts(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let switch = |switch: &Switch| if *switch == Switch::On { "on" } else { "off" }.to_owned();
        let format = |format: &LogFormat| if *format == LogFormat::Json { "json" } else { "text" }.to_owned();
        let proxies: Vec<String> = self.trusted_proxy.iter().map(ToString::to_string).collect();
        let all = [
            ("checkpoint-connection", self.checkpoint_connection.as_ref().map(CheckpointConnection::expose)),
            ("checkpoint-storage", self.checkpoint_storage.as_ref().map(ToString::to_string)),
            ("key-file", self.key_file.as_ref().map(path)),
            ("state", self.state.as_ref().map(path)),
            ("listen", self.listen.as_ref().map(ToString::to_string)),
            ("address", self.address.clone()),
            ("name", self.name.clone()),
            ("concurrency", self.concurrency.as_ref().map(ToString::to_string)),
            ("spool-path", self.spool_path.as_ref().map(path)),
            ("speculation", self.speculation.as_ref().map(switch)),
            ("clock-check", self.clock_check.as_ref().map(switch)),
            ("tls-cert", self.tls_cert.as_ref().map(path)),
            ("tls-key", self.tls_key.as_ref().map(path)),
            ("trusted-proxy", (!proxies.is_empty()).then(|| proxies.join(","))),
            ("metrics-public", self.metrics_public.as_ref().map(switch)),
            ("log-format", self.log_format.as_ref().map(format)),
        ];
        all.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }

    /// The names of all options, in order.
    pub fn names() -> Vec<String> {
        Alone::command().get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)).collect()
    }

    /// Reads options from texts, by the names of their flags. The error says what is wrong with a text.
    pub fn read<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let arguments = texts.into_iter().map(|(name, text)| format!("--{name}={text}"));
        match Alone::try_parse_from(arguments) {
            Ok(alone) => Ok(alone.options),
            Err(error) => {
                let text = error.to_string();
                Err(text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
            }
        }
    }
}

/// The options as a command line of their own, so that whatever says them is read in one way.
#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Alone {
    #[command(flatten)]
    options: Options,
}

fn address(text: &str) -> Result<String, String> {
    let address = text.trim_end_matches('/');
    let is_http = address.starts_with("http://") || address.starts_with("https://");
    if is_http && !address.contains(char::is_whitespace) {
        return Ok(address.to_owned());
    }
    Err("give an address like https://cairn.example.org".to_owned())
}
