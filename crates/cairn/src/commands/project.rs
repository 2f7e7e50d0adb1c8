//! `cairn project`: the projects of a cluster.

use super::server::short;
use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::{Remote, RemoteArgs};
use clap::Subcommand;
use flow_api::{CommitFile, CommitFileChange, HistoryQuery, NewProject, Project, ProjectCommit};

/// Register projects on a cluster, and see what they are at.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn project add orders https://git.example.org/orders.git
  cairn project add stock file:///srv/git/flows.git --branch production --folder stock
  cairn project test orders               Do the servers get at its repository?
  cairn project list
  cairn project history orders            What changed, in words
  cairn update orders                     Then bring the servers to its newest commit

Credentials for the repository belong to the account that registers the project: `cairn git-credential`,
or Tools > Account in the console.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Register a project. No server has anything of it before `cairn update`.
    Add {
        /// Its name on the cluster.
        name: String,
        /// Its git repository: https://…, ssh://…, file:///… or a path on the servers. No password in it, please.
        repository: String,
        /// The git branch.
        #[arg(long, default_value = "main")]
        branch: String,
        /// The project's folder in the repository; the repository itself unless given.
        #[arg(long, default_value = "")]
        folder: String,
    },
    /// List the projects.
    List,
    /// Say whether the server gets at a project's repository; exit status 1 if not.
    Test {
        /// The project.
        name: String,
    },
    /// Show the commits that changed a project, the newest first.
    History {
        /// The project.
        name: String,
        /// At most so many, 1 to 100.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    match args.action {
        Action::Add { name, repository, branch, folder } => {
            let project = remote.here()?.add_project(&NewProject { name, repository, branch, folder }).await?;
            output.answer(&project, || {
                format!("registered {0}; `cairn update {0}` brings it to the servers", project.name)
            });
            Ok(Outcome::Good)
        }
        Action::List => {
            let projects = remote.any(|client| async move { client.projects().await }).await?;
            output.answer(&projects, || list_text(&projects));
            Ok(Outcome::Good)
        }
        Action::Test { name } => test(&name, &remote, output).await,
        Action::History { name, limit } => {
            let (name, query) = (name.as_str(), &HistoryQuery { after: None, limit: Some(limit) });
            let page = remote.any(|client| async move { client.project_history(name, query).await }).await?;
            output.answer(&page, || history_text(&page.items));
            Ok(Outcome::Good)
        }
    }
}

async fn test(name: &str, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let result = remote.any(|client| async move { client.test_project_access(name).await }).await?;
    Ok(output.tested(&result))
}

fn list_text(projects: &[Project]) -> String {
    if projects.is_empty() {
        return "no projects".to_owned();
    }
    let rows = projects.iter().map(|project| {
        let wanted = project.wanted_commit.as_deref().map(short).unwrap_or_default();
        let present = project.version.as_ref().map(|version| short(&version.commit)).unwrap_or_default();
        let texts = [&project.name, &project.repository, &project.branch, &project.folder].map(String::clone);
        let [name, repository, branch, folder] = texts;
        [name, repository, branch, folder, wanted.to_owned(), present.to_owned()]
    });
    table(["project", "repository", "branch", "folder", "wanted", "here"], rows)
}

fn history_text(commits: &[ProjectCommit]) -> String {
    let told = commits.iter().map(|commit| {
        let head = format!("{} {} {}  {}", short(&commit.id), clock(commit.at), commit.author, commit.summary);
        commit.changes.iter().fold(head, |text, file| text + "\n    " + &file_text(file))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "no commits".to_owned() } else { told.join("\n") }
}

fn file_text(file: &CommitFile) -> String {
    let what = match file.kind {
        CommitFileChange::Added => "new",
        CommitFileChange::Removed => "gone",
        CommitFileChange::Changed => "changed",
    };
    let name = file.flow.as_deref().unwrap_or(&file.path);
    if file.words.is_empty() { format!("{name}: {what}") } else { format!("{name}: {}", file.words.join("; ")) }
}
