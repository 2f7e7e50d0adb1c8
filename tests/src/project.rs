//! A project in a git repository of its own, with a bare repository as its remote.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct TestProject {
    pub folder: PathBuf,
    pub remote: PathBuf,
}

impl TestProject {
    /// Makes the project `name` from `files` (path within the project, text), commits and pushes it.
    pub fn new(parent: &Path, name: &str, files: &[(&str, String)]) -> Self {
        let project = Self { folder: parent.join(name), remote: parent.join(format!("{name}.git")) };
        std::fs::create_dir_all(&project.folder).expect("the project's folder");
        git(parent, &["init", "-q", "--bare", "-b", "main", &project.remote.to_string_lossy()]);
        git(&project.folder, &["init", "-q", "-b", "main"]);
        git(&project.folder, &["config", "user.name", "Test Author"]);
        git(&project.folder, &["config", "user.email", "author@example.org"]);
        git(&project.folder, &["remote", "add", "origin", &project.remote.to_string_lossy()]);
        project.write("project.json", &format!("{{\n  \"format\": 1,\n  \"name\": \"{name}\"\n}}\n"));
        for (path, text) in files {
            project.write(path, text);
        }
        project.commit_and_push("Begin");
        project
    }

    /// The sample project `orders`, with its `notices` connection leading to `notices`.
    pub fn sample(parent: &Path, notices: &str) -> Self {
        Self::of_sample(parent, "orders", &[("notices", notices)])
    }

    /// The sample project `name`; these of its connections lead to other URLs.
    pub fn of_sample(parent: &Path, name: &str, urls: &[(&str, &str)]) -> Self {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows-sample").join(name);
        let mut files = Vec::new();
        for folder in ["flows", "data", "connections", "triggers", "calendars"] {
            let Ok(entries) = std::fs::read_dir(sample.join(folder)) else { continue };
            for entry in entries {
                let path = entry.expect("a sample file").path();
                let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("sample files are text");
                files.push((format!("{folder}/{name}"), text));
            }
        }
        for (connection, url) in urls {
            let path = format!("connections/{connection}.json");
            files.retain(|(other, _)| *other != path);
            files.push((path, http_connection(url)));
        }
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
        Self::new(parent, name, &files)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the file's folder");
        std::fs::write(path, text).expect("the file");
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).expect("the file")
    }

    pub fn commit_and_push(&self, message: &str) {
        git(&self.folder, &["add", "-A"]);
        git(&self.folder, &["commit", "-q", "-m", message]);
        git(&self.folder, &["push", "-q", "-u", "origin", "main"]);
    }
}

/// A component of a flow.
pub fn component(id: &str, kind: &str, name: &str, properties: Value) -> Value {
    json!({"id": id, "type": kind, "name": name, "properties": properties})
}

/// The text of the file of a flow in which each component leads to the next.
pub fn straight_flow(components: &[Value]) -> String {
    let port = |component: &Value, port: &str| format!("{}.{port}", component["id"].as_str().unwrap_or_default());
    let links: Vec<Value> =
        components.windows(2).map(|pair| json!({"from": port(&pair[0], "out"), "to": port(&pair[1], "in")})).collect();
    json!({"format": 1, "components": components, "links": links}).to_string()
}

/// The text of a connection file for the HTTP endpoint at `url`.
pub fn http_connection(url: &str) -> String {
    format!("{{\"format\": 1, \"kind\": \"http\", \"settings\": {{\"url\": \"{url}\"}}}}\n")
}

/// The text of a connection file for the SQLite file at `path`.
pub fn sqlite_connection(path: &str) -> String {
    format!("{{\"format\": 1, \"kind\": \"sqlite\", \"settings\": {{\"path\": \"{path}\"}}}}\n")
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").args(arguments).current_dir(folder).output().expect("git runs");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}
