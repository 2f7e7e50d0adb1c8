//! Following a cluster: the event streams of its servers, and which of them answer.

use super::known::Cluster;
use super::notices::Told;
use super::{ClusterChanged, ClusterOverview, ServerView, Stalled, Takeover};
use crate::{CommandError, Designer, Event};
use flow_api::{Server, ServerState, Time};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// At most so often the windows are told that something changed.
const PAUSE: Duration = Duration::from_millis(200);
/// The pause before an unreachable server is tried again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How often the list of servers is read again, should its change not be told.
const REFRESH: Duration = Duration::from_secs(10);
/// More changed requests than these are not named.
const NAMED: usize = 500;

/// What is known of a cluster from following it.
#[derive(Default)]
pub(super) struct Live {
    state: Mutex<State>,
    /// Something changed for the windows.
    changed: Notify,
    /// The list of servers may have changed.
    servers_changed: Notify,
    stopped: CancellationToken,
}

#[derive(Default)]
struct State {
    is_followed: bool,
    /// By address: why the server does not answer, or that it does.
    answers: HashMap<String, Result<(), String>>,
    /// The streams that are followed, by address.
    streams: HashMap<String, CancellationToken>,
    pending: Pending,
    /// Takeovers that were told already: every server tells of each.
    told: HashSet<(String, i64)>,
    /// Standstills that were told already.
    told_stalled: HashSet<(i64, Time)>,
    last: Option<ClusterOverview>,
}

/// What changed since the windows were told last.
#[derive(Default)]
pub(super) struct Pending {
    servers: bool,
    requests: BTreeSet<i64>,
    too_many: bool,
    pub(super) takeovers: Vec<Takeover>,
    pub(super) stalled: Vec<Stalled>,
}

impl Pending {
    /// The requests that changed; none when there are too many to name.
    pub(super) fn requests(&self) -> Option<&BTreeSet<i64>> {
        (!self.too_many).then_some(&self.requests)
    }
}

impl Live {
    /// Ends the following.
    pub(super) fn stop(&self) {
        self.stopped.cancel();
    }

    fn take_note(&self, event: flow_api::Event) {
        let mut state = self.state.lock();
        match event {
            flow_api::Event::RequestChanged { id } => {
                state.pending.requests.insert(id);
                state.pending.too_many |= state.pending.requests.len() > NAMED;
            }
            flow_api::Event::RequestsChanged => state.pending.too_many = true,
            flow_api::Event::ServersChanged | flow_api::Event::ProjectsChanged => {
                state.pending.servers = true;
                self.servers_changed.notify_one();
            }
            flow_api::Event::Takeover { dead, survivor, count } => {
                if state.told.insert((dead.server, dead.epoch)) {
                    state.pending.takeovers.push(Takeover { dead: dead.name, survivor: survivor.name, count });
                }
                state.pending.servers = true;
                self.servers_changed.notify_one();
            }
            flow_api::Event::Stalled { id, flow, owner, since } => {
                if state.told_stalled.insert((id, since)) {
                    state.pending.stalled.push(Stalled { request: id, flow, server: owner.name });
                }
            }
        }
        self.changed.notify_one();
    }

    /// Takes note that the server at `address` answers, or why not.
    fn answers(&self, address: &str, answer: Result<(), String>) {
        let mut state = self.state.lock();
        let before = state.answers.insert(address.to_owned(), answer.clone());
        // After a pause in the stream anything may have changed.
        if before.as_ref().map(Result::is_ok) != Some(answer.is_ok()) {
            state.pending.servers = true;
            state.pending.too_many |= answer.is_ok();
            self.servers_changed.notify_one();
            self.changed.notify_one();
        }
    }

    fn take_pending(&self) -> Pending {
        std::mem::take(&mut self.state.lock().pending)
    }
}

impl Designer {
    /// How the cluster `name` is doing; from now on it is followed.
    pub(super) async fn overview(self: &Arc<Self>, name: &str) -> Result<ClusterOverview, CommandError> {
        let cluster = self.clusters.cluster(name).await?;
        self.follow_cluster(&cluster);
        match cluster.overview().await {
            Ok(overview) => {
                cluster.live.state.lock().last = Some(overview.clone());
                Ok(overview)
            }
            // What was seen last is better than nothing, as long as it says so.
            Err(error) if error.code == "cluster/unreachable" => {
                let last = cluster.live.state.lock().last.clone().ok_or_else(|| error.clone())?;
                Ok(last.unreachable(error.message))
            }
            Err(error) => Err(error),
        }
    }

    /// Follows the cluster, if that is not done yet.
    fn follow_cluster(self: &Arc<Self>, cluster: &Arc<Cluster>) {
        if std::mem::replace(&mut cluster.live.state.lock().is_followed, true) {
            return;
        }
        let stopped = cluster.live.stopped.clone();
        let (designer, told) = (Arc::downgrade(self), Arc::clone(cluster));
        tokio::spawn(stopped.clone().run_until_cancelled_owned(tell(designer, told)));
        tokio::spawn(stopped.run_until_cancelled_owned(follow_servers(Arc::downgrade(self), Arc::clone(cluster))));
    }
}

/// Tells the windows what changed, not too often.
async fn tell(designer: Weak<Designer>, cluster: Arc<Cluster>) {
    let mut told = Told::up_to_now(&cluster).await;
    loop {
        cluster.live.changed.notified().await;
        let pending = cluster.live.take_pending();
        let Some(designer) = designer.upgrade() else { return };
        designer.emit(Event::ClusterChanged(ClusterChanged {
            cluster: cluster.name.clone(),
            servers: pending.servers,
            requests: pending.requests().map(|requests| requests.iter().copied().collect()),
            takeovers: pending.takeovers.clone(),
            stalled: pending.stalled.clone(),
        }));
        designer.tell_desktop(&cluster, &pending, &mut told).await;
        drop(designer);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Keeps a stream open to every server that should be up.
async fn follow_servers(designer: Weak<Designer>, cluster: Arc<Cluster>) {
    loop {
        if let Ok(servers) = cluster.servers().await {
            let Some(designer) = designer.upgrade() else { return };
            designer.clusters.remember_urls(&cluster.name, &cluster.calls).await;
            cluster.follow_streams(&servers);
        } else {
            cluster.follow_streams(&[]);
        }
        if designer.strong_count() == 0 {
            cluster.live.stop();
            return;
        }
        tokio::select! {
            () = cluster.live.servers_changed.notified() => {}
            () = tokio::time::sleep(REFRESH) => {}
        }
    }
}

impl Cluster {
    /// How the cluster is doing.
    async fn overview(&self) -> Result<ClusterOverview, CommandError> {
        let servers = self.servers().await?;
        let counts = self.any(|client| async move { client.request_counts().await }).await?;
        let views = servers.into_iter().map(|server| self.server_view(server));
        Ok(ClusterOverview {
            cluster: self.name.clone(),
            servers: futures::future::join_all(views).await,
            counts,
            problem: None,
        })
    }

    async fn server_view(&self, server: Server) -> ServerView {
        if server.state == ServerState::Terminated {
            return ServerView { server, reachable: false, problem: None };
        }
        let known = self.live.state.lock().answers.get(server.address.trim_end_matches('/')).cloned();
        let answer = match known {
            _ if server.this_server => Ok(()),
            Some(answer) => answer,
            None => self.probe(&server.address).await,
        };
        ServerView { server, reachable: answer.is_ok(), problem: answer.err() }
    }

    async fn probe(&self, address: &str) -> Result<(), String> {
        match self.calls.client(address) {
            Ok(client) if client.is_ready().await => Ok(()),
            Ok(_) => Err("it does not answer".to_owned()),
            Err(error) => Err(error.message),
        }
    }

    /// Follows the streams of the servers that are up, and of no others. While no server can say which are up, those
    /// that were are tried on.
    fn follow_streams(self: &Arc<Self>, servers: &[Server]) {
        let up: HashSet<String> = servers
            .iter()
            .filter(|server| server.state != ServerState::Terminated)
            .map(|server| server.address.trim_end_matches('/').to_owned())
            .collect();
        let mut state = self.live.state.lock();
        let wanted = match (up.is_empty(), state.streams.is_empty()) {
            (false, _) => up,
            (true, true) => self.calls.addresses().into_iter().collect(),
            (true, false) => return,
        };
        let gone: Vec<String> = state.streams.keys().filter(|address| !wanted.contains(*address)).cloned().collect();
        for address in gone {
            if let Some(stream) = state.streams.remove(&address) {
                stream.cancel();
            }
            state.answers.remove(&address);
        }
        for address in wanted {
            if !state.streams.contains_key(&address) {
                let stream = self.live.stopped.child_token();
                state.streams.insert(address.clone(), stream.clone());
                tokio::spawn(stream.run_until_cancelled_owned(follow_stream(Arc::clone(self), address)));
            }
        }
    }
}

/// Follows the event stream of one server; opens it again whenever it breaks.
async fn follow_stream(cluster: Arc<Cluster>, address: String) {
    let (shortest, longest) = RETRY;
    let mut pause = shortest;
    loop {
        let problem = match cluster.calls.client(&address) {
            Err(error) => error.message,
            Ok(client) => match client.events().await {
                Err(error) => error.to_string(),
                Ok(mut stream) => {
                    pause = shortest;
                    cluster.live.answers(&address, Ok(()));
                    loop {
                        match stream.next().await {
                            Ok(event) => cluster.live.take_note(event),
                            Err(error) => break error.to_string(),
                        }
                    }
                }
            },
        };
        cluster.live.answers(&address, Err(problem));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

impl ClusterOverview {
    /// The same, now that no server answers.
    fn unreachable(mut self, problem: String) -> Self {
        for server in &mut self.servers {
            server.reachable = false;
        }
        self.problem = Some(problem);
        self
    }
}
