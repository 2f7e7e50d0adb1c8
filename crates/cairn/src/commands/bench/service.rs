//! What a running service costs and gives, with real servers and their API.

pub(super) mod flows;
mod in_flight;
pub(super) mod life;
mod list;
mod replies;

use super::failover::make_token;
use super::report::{Report, Samples};
use super::scratch::Scratch;
use super::yardstick;
use crate::outcome::Failure;
use crate::server_process::{ClusterFolder, ServerProcess};
use flow_api::{Client, NewProject, Update};
use std::path::{Path, PathBuf};

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Requests under way when their owner is killed.
    pub in_flight: u32,
    /// Requests in the store when they are listed, and when more are made.
    pub stored: u32,
}

/// Measures everything `runs` times.
pub async fn measure(scratch: &Scratch, runs: u32, size: Size) -> Result<Report, Failure> {
    raise_file_limit()?;
    let (mut yardsticks, mut figures) = (Samples::default(), Samples::default());
    for run in 0..runs {
        let probed = yardstick::probe(scratch.path())?;
        yardsticks.add("F", "1/s", probed.f);
        yardsticks.add("S", "1/s", probed.s);
        life::measure(&Cluster::new(scratch, &format!("life-{run}")).await?, &mut figures).await?;
        let cluster = Cluster::new(scratch, &format!("replies-{run}")).await?;
        replies::measure(&cluster, 1, "", &mut figures).await?;
        if size.in_flight > 0 {
            let cluster = Cluster::new(scratch, &format!("in-flight-{run}")).await?;
            in_flight::measure(&cluster, size.in_flight, &mut figures).await?;
        }
    }
    if size.stored > 0 {
        let cluster = Cluster::new(scratch, "list").await?;
        list::measure(&cluster, size.stored, runs, &mut figures).await?;
        replies::measure(&cluster, runs, "stored_", &mut figures).await?;
    }
    Ok(Report { bench: "service", yardsticks: yardsticks.medians(), runs, figures: figures.figures() })
}

/// A new cluster without servers yet.
pub struct Cluster {
    /// Where all of it is.
    pub folder: PathBuf,
}

impl Cluster {
    /// An empty one.
    pub async fn new(scratch: &Scratch, name: &str) -> Result<Self, Failure> {
        Ok(Self { folder: scratch.cluster(name).await? })
    }

    /// Starts a server and waits until it is ready.
    pub async fn start(&self, name: &str, more: &[&str]) -> Result<ServerProcess, Failure> {
        ServerProcess::start_with(ClusterFolder(&self.folder), name, "127.0.0.1:0", more).await
    }

    /// A client of `server`, with an account made for it.
    pub async fn client(&self, server: &ServerProcess) -> Result<Client, Failure> {
        let token_file = self.folder.join("token");
        let token = match std::fs::read_to_string(&token_file) {
            Ok(token) => token,
            Err(_) => {
                let token = make_token(&self.folder).await?;
                std::fs::write(&token_file, &token).map_err(|error| Failure::file("write", &token_file, &error))?;
                token
            }
        };
        Ok(Client::new(&server.serving.address, token)?)
    }

    /// Registers the project in `repository` and brings the servers to its newest commit.
    pub async fn install(&self, repository: &Path, servers: &[&ServerProcess]) -> Result<(), Failure> {
        for (number, server) in servers.iter().enumerate() {
            let client = self.client(server).await?;
            if number == 0 {
                let project = NewProject {
                    name: flows::PROJECT.to_owned(),
                    repository: repository.to_string_lossy().into_owned(),
                    branch: "main".to_owned(),
                    folder: String::new(),
                };
                client.add_project(&project).await?;
            }
            client.update(flows::PROJECT, &Update::default()).await?;
        }
        Ok(())
    }
}

/// Thousands of calls are under way at once, here and in the servers, which inherit the limit.
fn raise_file_limit() -> Result<(), Failure> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .map_err(|error| Failure::new("bench/files", format!("the limit of open files cannot be raised: {error}")))
}
