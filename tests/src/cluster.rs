//! Real `cairn serve` processes on one checkpoint database, and the client that an operator's program would use.

use crate::network::Network;
use crate::wait::until;
use crate::{process, program};
use flow_api::{Client, NewProject, NewRequests, Request, RequestState, Server, Update};
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub const PASSWORD: &str = "correct horse battery staple";

pub struct TestCluster {
    pub folder: PathBuf,
    pub servers: Vec<ServerProcess>,
    pub token: String,
    connection: String,
    storage: Option<String>,
    environment: Vec<(String, String)>,
}

pub struct ServerProcess {
    pub name: String,
    pub id: String,
    pub address: String,
    pub client: Client,
    process: Child,
}

impl TestCluster {
    /// Starts servers with these names; `admin` is their administrator.
    pub fn start(folder: &Path, names: &[&str]) -> Self {
        Self::start_in(folder, names, &[])
    }

    /// The same, with more environment variables.
    pub fn start_in(folder: &Path, names: &[&str], environment: &[(String, String)]) -> Self {
        Self::start_on(&embedded(folder), folder, names, environment)
    }

    /// The same on a checkpoint database of any kind.
    pub fn start_on(connection: &str, folder: &Path, names: &[&str], environment: &[(String, String)]) -> Self {
        user_on(connection, &["add", "admin", "--role", "Administrator", "--password-stdin"], Some(PASSWORD));
        let token_file = folder.join("token");
        user_on(connection, &["token", "admin", "--for", "tests", "--write", &token_file.to_string_lossy()], None);
        let token = std::fs::read_to_string(token_file).expect("the token").trim().to_owned();
        let environment = environment.to_vec();
        let (folder, connection) = (folder.to_owned(), connection.to_owned());
        let mut cluster = Self { folder, servers: Vec::new(), token, connection, storage: None, environment };
        for name in names {
            cluster.add_server(name);
        }
        cluster
    }

    /// The same cluster in another folder, to which its database and storage were brought; no server runs there yet.
    pub fn brought_to(&self, folder: &Path) -> Self {
        let (token, environment) = (self.token.clone(), self.environment.clone());
        let (folder, connection) = (folder.to_owned(), embedded(folder));
        Self { folder, servers: Vec::new(), token, connection, storage: None, environment }
    }

    /// The same cluster on another database, in a folder where its storage is; no server runs there yet.
    pub fn moved_to(&self, connection: &str, folder: &Path) -> Self {
        Self { connection: connection.to_owned(), ..self.brought_to(folder) }
    }

    /// Starts one more server, or the same again after its end: its state folder goes by its name.
    pub fn add_server(&mut self, name: &str) -> &ServerProcess {
        self.servers.retain(|server| server.name != name);
        let server = ServerProcess::start_at(self, name, "127.0.0.1:0", None);
        self.servers.push(server);
        self.servers.last().expect("it was just added")
    }

    /// Starts one more server in a network of its own, from where it reaches the database by this connection.
    pub fn add_server_in(&mut self, network: &Network, name: &str, connection: &str) -> &ServerProcess {
        let usual = std::mem::replace(&mut self.connection, connection.to_owned());
        self.servers.retain(|server| server.name != name);
        let listen = format!("{}:0", network.there());
        let server = ServerProcess::start_at(self, name, &listen, Some(network));
        self.servers.push(server);
        self.connection = usual;
        self.server(name)
    }

    /// Starts one more server that reaches the database in another way.
    pub fn add_server_by(&mut self, name: &str, connection: &str) -> &ServerProcess {
        let usual = std::mem::replace(&mut self.connection, connection.to_owned());
        self.add_server(name);
        self.connection = usual;
        self.server(name)
    }

    /// Lets servers that are started from now on go by another database and with more in their environment.
    pub fn go_by(&mut self, connection: &str, environment: &[(String, String)]) {
        self.connection = connection.to_owned();
        self.environment.extend_from_slice(environment);
    }

    /// Gives servers that are started from now on another checkpoint storage than a folder beside the database.
    pub fn keep_objects_in(&mut self, storage: &str) {
        self.storage = Some(storage.to_owned());
    }

    /// The same with more environment variables for this life of it.
    pub fn add_server_with(&mut self, name: &str, environment: &[(String, String)]) -> &ServerProcess {
        let before = self.environment.len();
        self.environment.extend_from_slice(environment);
        self.add_server(name);
        self.environment.truncate(before);
        self.server(name)
    }

    /// Starts a server again that has ended, where it was before.
    pub fn start_again(&mut self, name: &str) -> &ServerProcess {
        let before = self.server(name).address.clone();
        self.servers.retain(|server| server.name != name);
        let listen = before.trim_start_matches("http://");
        let server = ServerProcess::start_at(self, name, listen, None);
        self.servers.push(server);
        self.servers.last().expect("it was just added")
    }

    pub fn server(&self, name: &str) -> &ServerProcess {
        self.servers.iter().find(|server| server.name == name).expect("a server of that name")
    }

    pub fn server_mut(&mut self, name: &str) -> &mut ServerProcess {
        self.servers.iter_mut().find(|server| server.name == name).expect("a server of that name")
    }

    /// What a server has logged in all its lives.
    pub fn log_of(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Registers the project and brings every server to its newest commit.
    pub async fn install(&self, name: &str, remote: &Path) {
        let project = NewProject {
            name: name.to_owned(),
            repository: remote.to_string_lossy().into_owned(),
            branch: "main".to_owned(),
            folder: String::new(),
        };
        self.servers[0].client.add_project(&project).await.expect("the project is registered");
        for server in &self.servers {
            server.client.update(name, &Update::default()).await.expect("the server updates");
        }
    }
}

impl ServerProcess {
    fn start_at(cluster: &TestCluster, name: &str, listen: &str, network: Option<&Network>) -> Self {
        let TestCluster { folder, token, connection, environment, storage, .. } = cluster;
        let storage = storage.clone().unwrap_or_else(|| folder.join("storage").display().to_string());
        let log = folder.join(format!("{name}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        let cairn = program("cairn");
        let mut command = network.map_or_else(|| Command::new(&cairn), |network| network.run(&cairn));
        let mut process = command
            .args(["serve", "--json", "--listen", listen, "--name", name])
            .args(["--checkpoint-connection", connection])
            .arg("--key-file")
            .arg(folder.join("cairn.db.key"))
            .arg("--checkpoint-storage")
            .arg(storage)
            .arg("--state")
            .arg(folder.join(name))
            .args(["--die-with", &std::process::id().to_string()])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("cairn serve starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let serving: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let log = std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default();
            panic!("{name} does not serve: {line}{log}")
        });
        let text = |key: &str| serving[key].as_str().expect("a text").to_owned();
        let address = text("address");
        let client = Client::new(&address, token).expect("an address");
        Self { name: name.to_owned(), id: text("server"), address, client, process }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.process.id()).expect("a process id")
    }

    pub fn kill(&mut self) {
        self.process.kill().expect("kill");
        self.process.wait().expect("its end");
    }

    pub fn stop(&self) {
        process::signal(self.pid(), libc::SIGSTOP);
    }

    pub fn go_on(&self) {
        process::signal(self.pid(), libc::SIGCONT);
    }

    pub fn terminate(&self) {
        process::signal(self.pid(), libc::SIGTERM);
    }

    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("its status").is_some()
    }

    /// Makes `count` requests on this server.
    pub async fn request(&self, project: &str, flow: &str, inputs: Value, count: u32) -> Vec<Request> {
        let inputs: Map<String, Value> = inputs.as_object().cloned().unwrap_or_default();
        let wish = NewRequests {
            project: project.into(),
            flow: flow.into(),
            inputs,
            count: Some(count),
            priority: None,
            trigger: None,
        };
        self.client.create_requests(&wish, None).await.expect("the requests are made").requests
    }

    /// Waits until the request has ended.
    pub async fn until_ended(&self, id: i64) -> Request {
        until(&format!("request {id} ends"), async || {
            let request = self.client.request(id).await.ok()?.request;
            request.state.has_ended().then_some(request)
        })
        .await
    }

    pub async fn until_state(&self, id: i64, state: RequestState) -> Request {
        until(&format!("request {id} is {}", state.as_str()), async || {
            let request = self.client.request(id).await.ok()?.request;
            (request.state == state).then_some(request)
        })
        .await
    }

    /// How this server sees another.
    pub async fn sees(&self, id: &str) -> Server {
        let servers = self.client.servers().await.expect("the servers");
        servers.into_iter().find(|server| server.id == id).expect("it is listed")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The embedded database in a folder.
fn embedded(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("cairn.db").display())
}

/// Runs `cairn user` on an embedded checkpoint database.
pub fn user(database: &Path, arguments: &[&str], input: Option<&str>) {
    user_on(&format!("sqlite:{}", database.display()), arguments, input);
}

/// The same on a checkpoint database of any kind.
pub fn user_on(connection: &str, arguments: &[&str], input: Option<&str>) {
    let mut process = Command::new(program("cairn"))
        .arg("user")
        .args(arguments)
        .env("CAIRN_CHECKPOINT_CONNECTION", connection)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("cairn user starts");
    let mut stdin = process.stdin.take().expect("its input");
    stdin.write_all(input.unwrap_or_default().as_bytes()).expect("its input is read");
    drop(stdin);
    assert!(process.wait().expect("its end").success(), "cairn user {arguments:?}");
}
