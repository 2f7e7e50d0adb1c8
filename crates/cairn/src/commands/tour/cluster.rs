//! The two servers of a tour.

use super::workplace::Workplace;
use crate::commands::user;
use crate::outcome::Failure;
use crate::repository;
use crate::server_process::{ClusterFolder, ServerProcess};
use designer::tour::{TourFile, TourServer};
use flow_store::Role;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

/// The name of the cluster in the designer.
pub const CLUSTER: &str = "tour";
/// The flow whose requests the story starts.
const FLOW: &str = "order-import";
/// Names of the servers and where they listen if nobody else does.
const SERVERS: [(&str, &str); 2] = [("one", "127.0.0.1:7401"), ("two", "127.0.0.1:7402")];
/// How long a killed server stays away, so that one can see it.
const AWAY: Duration = Duration::from_secs(3);

/// The account that the tour makes.
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its password, made for this tour.
    pub password: String,
}

/// The servers of the tour.
pub struct TourCluster {
    folder: PathBuf,
    tour_file: PathBuf,
    project: String,
    requests: u32,
    servers: [ServerProcess; 2],
}

impl TourCluster {
    /// Puts the project under git and starts the servers.
    pub async fn start(place: &Workplace, requests: u32) -> Result<Self, Failure> {
        repository::set_up(&place.project(), &place.remote())?;
        let project = flow_project::Project::open(place.project())?.name().to_owned();
        let folder = place.cluster();
        let start = async |(name, address): (&str, &str)| {
            ServerProcess::start(ClusterFolder(&folder), name, &free(address)).await
        };
        let servers = [start(SERVERS[0]).await?, start(SERVERS[1]).await?];
        let cluster = Self { tour_file: place.tour_file(), folder, project, requests, servers };
        cluster.write_tour_file()?;
        Ok(cluster)
    }

    /// The addresses of the servers.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.serving.address.as_str())
    }

    /// Makes an administrator for the tour.
    pub async fn make_account(&self) -> Result<Account, Failure> {
        let database = ClusterFolder(&self.folder).connection().open_existing().await?;
        let password: String = (0..16).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
        let account = Account { name: "tour".to_owned(), password };
        user::add(database.store.as_ref(), &account.name, Role::Administrator, &account.password).await?;
        Ok(account)
    }

    /// Waits until a server has ended, whoever killed it, and after a while starts it anew.
    pub async fn replace_a_lost_server(&mut self) -> Result<(), Failure> {
        let [one, two] = &mut self.servers;
        let lost = tokio::select! {
            () = one.ended() => 0,
            () = two.ended() => 1,
        };
        tokio::time::sleep(AWAY).await;
        let (name, address) = SERVERS[lost];
        self.servers[lost] = ServerProcess::start(ClusterFolder(&self.folder), name, &free(address)).await?;
        self.write_tour_file()
    }

    /// Stops the servers in good order.
    pub async fn stop(self) {
        let [one, two] = self.servers;
        tokio::join!(one.stop(), two.stop());
    }

    /// Tells the designer's Failover tour which processes it may kill.
    fn write_tour_file(&self) -> Result<(), Failure> {
        let server = |server: &ServerProcess| TourServer {
            name: server.serving.name.clone(),
            id: server.serving.server.clone(),
            pid: server.pid(),
            address: server.serving.address.clone(),
        };
        let file = TourFile {
            cluster: CLUSTER.to_owned(),
            project: self.project.clone(),
            flow: FLOW.to_owned(),
            requests: self.requests,
            inputs: serde_json::Map::new(),
            servers: self.servers.iter().map(server).collect(),
        };
        file.write(&self.tour_file).map_err(|error| Failure::file("write", &self.tour_file, &error))
    }
}

/// The address if nobody listens there, else one with any free port.
fn free(address: &str) -> String {
    match TcpListener::bind(address) {
        Ok(_) => address.to_owned(),
        Err(_) => "127.0.0.1:0".to_owned(),
    }
}
