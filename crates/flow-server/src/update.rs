//! Update: brings this server's working copy of a project to a newer commit and keeps that version's files in the
//! checkpoint database, where every survivor finds them.

use crate::git_access;
use crate::problem::{Refusal, Reply, passed_on};
use crate::projects::has_project;
use crate::state::App;
use bytes::Bytes;
use flow_api::{Updated, codes};
use flow_store::{Project, ProjectName, ProjectVersion, StoreError, VersionId};
use flow_vcs::{Access, Repository, VcsError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What came out of the repository.
struct Fetched {
    from: Option<String>,
    commit: String,
    tree: String,
    files: Vec<(String, Bytes)>,
}

/// Brings this server to `commit`, or to the newest commit of the branch. A server that is past the commit stays
/// where it is: an Update never goes back.
pub async fn update(app: &App, name: &ProjectName, commit: Option<String>) -> Reply<Updated> {
    let project = app.store.project(name).await?;
    // To the end: of two Updates, one that was fetched before the other must not come into force after it.
    let _one_at_a_time = app.updating.lock().await;
    let had = app.projects.here(name).map(|here| here.commit);
    let fetched = {
        let copy = working_copy(&app.copies, &project);
        let access = git_access::access(app, &project.account, &project.repository).await?;
        tokio::task::spawn_blocking(move || fetch(&project, &copy, commit.as_deref(), &access))
            .await
            .map_err(|error| Refusal::internal(&error))??
    };
    if !has_project(&fetched.files) {
        let detail = format!("commit {} has no project.json in the project's folder: check the folder", fetched.commit);
        return Err(Refusal::new(codes::PROJECT_EMPTY, detail));
    }
    let version = VersionId::parse(&fetched.tree)?;
    app.store.put_version(name, &version, &fetched.commit, fetched.files).await?;
    // From here on a server that was down knows what to adopt: what is here, which may be past the commit that was asked for.
    app.store.set_wanted(name, &fetched.commit).await?;
    app.projects.set(name, ProjectVersion { version: version.clone(), commit: fetched.commit.clone() }).await?;
    let flows = app.projects.open(name, &version).await?.entries();
    let server = app.names.own(app);
    tracing::info!(project = %name, commit = fetched.commit, version = %version, "updated");
    Ok(Updated { server, from: had.or(fetched.from), to: fetched.commit, version: version.to_string(), flows })
}

/// Adopts what the cluster wants and the checkpoint database has: the versions that other servers were brought to
/// while this one was down.
pub async fn adopt_stored(app: &App) -> Result<(), StoreError> {
    for (project, wanted) in missing(app).await? {
        let versions = app.store.versions(&project).await?;
        if let Some(known) = versions.into_iter().find(|known| known.commit == wanted) {
            let version = ProjectVersion { version: known.version, commit: wanted };
            tracing::info!(project = %project, commit = version.commit, version = %version.version, "adopted");
            app.projects.set(&project, version).await?;
        }
    }
    Ok(())
}

/// Adopts what the cluster wants and only the repository has, trying again for as long as that cannot be reached.
pub async fn adopt_wanted(app: &App) {
    let mut pause = Duration::from_secs(1);
    let mut given_up = Vec::new();
    loop {
        let mut again = false;
        match missing(app).await {
            Ok(missing) => {
                for (project, wanted) in missing {
                    if given_up.contains(&(project.clone(), wanted.clone())) {
                        continue;
                    }
                    if let Err(refusal) = update(app, &project, Some(wanted.clone())).await {
                        tracing::warn!(project = %project, code = refusal.code(), "the wanted commit {wanted} cannot be adopted: {}", refusal.detail());
                        let passes = ["vcs/unreachable", "vcs/busy", "store/unavailable", "store/full"];
                        if passes.contains(&refusal.code()) {
                            again = true;
                        } else {
                            given_up.push((project, wanted));
                        }
                    }
                }
            }
            Err(error) => {
                tracing::warn!(code = error.code(), %error, "the wanted versions cannot be read; trying again");
                again = true;
            }
        }
        if !again {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(60));
    }
}

/// The projects whose wanted commit this server does not have, with that commit.
async fn missing(app: &App) -> Result<Vec<(ProjectName, String)>, StoreError> {
    let projects = app.store.projects().await?.into_iter();
    let wanted = projects.filter_map(|project| Some((project.name, project.wanted_commit?)));
    let has =
        |(name, commit): &(ProjectName, String)| app.projects.here(name).is_some_and(|here| here.commit == *commit);
    Ok(wanted.filter(|wanted| !has(wanted)).collect())
}

/// So many bytes of a project's name are in the name of its working copy's folder, which file systems limit to 255.
const LONGEST_FOLDER: usize = 200;

/// Where the working copy of a project is. A project that was registered anew with another repository or branch gets
/// another one.
pub fn working_copy(copies: &Path, project: &Project) -> PathBuf {
    let name = project.name.as_str();
    let begin = &name[..name.floor_char_boundary(LONGEST_FOLDER)];
    let mut source = format!("{}\n{}", project.repository, project.branch);
    if begin.len() < name.len() {
        source = format!("{source}\n{name}");
    }
    let mark: String = blake3::hash(source.as_bytes()).to_hex().chars().take(8).collect();
    copies.join(format!("{begin}-{mark}"))
}

/// Clones or fetches, fast-forwards, and reads the project's files from the git objects. Blocks.
fn fetch(project: &Project, copy: &Path, commit: Option<&str>, access: &Access) -> Reply<Fetched> {
    let (repository, from) = if copy.exists() {
        let repository = Repository::open(copy)?;
        let from = repository.head()?.map(|head| head.id);
        repository.fetch(access)?;
        (repository, from)
    } else {
        (clone(project, copy, access)?, None)
    };
    let updated = match commit {
        Some(commit) => repository.fast_forward_to(commit)?,
        None => repository.fast_forward()?,
    };
    let tree = repository.tree_id(&updated.to, &project.folder)?;
    let files = repository.files_at(&updated.to, &project.folder)?;
    let files = files.into_iter().map(|(path, content)| (path, Bytes::from(content))).collect();
    Ok(Fetched { from, commit: updated.to, tree, files })
}

/// Clones beside and renames, so that a clone that was broken off is never taken for a working copy.
fn clone(project: &Project, copy: &Path, access: &Access) -> Reply<Repository> {
    let begun = copy.with_added_extension("begun");
    let unusable = |path: &Path, error: std::io::Error| {
        let detail = format!("the server cannot use {} ({error}): make it writable", path.display());
        Refusal::new(codes::PROJECT_WORKING_COPY, detail)
    };
    if begun.exists() {
        std::fs::remove_dir_all(&begun).map_err(|error| unusable(&begun, error))?;
    }
    if let Some(folder) = copy.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, error))?;
    }
    Repository::clone(&project.repository, &begun, Some(&project.branch), access)?;
    std::fs::rename(&begun, copy).map_err(|error| unusable(copy, error))?;
    Ok(Repository::open(copy)?)
}

/// Checks the address of a repository, as given by an administrator.
pub fn check_repository(address: &str) -> Reply<String> {
    let address = address.trim();
    let refuse = |detail: &str| Err(Refusal::invalid("repository", detail));
    if address.is_empty() || address.len() > 2000 || address.chars().any(char::is_control) {
        return refuse("give the address of a git repository: https://…, ssh://…, file:///… or an absolute path");
    }
    if let Some((scheme, rest)) = address.split_once("://") {
        if !matches!(scheme, "https" | "http" | "ssh" | "git" | "file") {
            return refuse("use https://, ssh://, file:/// or an absolute path");
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if scheme.starts_with("http") && authority.contains('@') {
            return refuse(
                "leave name and password out of the address: keep them under Tools > Account, or with git's credential \
                 helper on each server",
            );
        }
        return Ok(address.to_owned());
    }
    let is_ssh = address.split_once(':').is_some_and(|(host, path)| {
        !path.is_empty()
            && !path.starts_with(':')
            && !host.contains('/')
            && host.chars().all(|c| c.is_ascii_alphanumeric() || "@.-_".contains(c))
    });
    if address.starts_with('/') || (is_ssh && !address.starts_with('-')) {
        return Ok(address.to_owned());
    }
    refuse("a path must be absolute, since servers have no folder in common to start from")
}

/// Checks the name of a git branch.
pub fn check_branch(branch: &str) -> Reply<String> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let fits = !branch.is_empty()
        && branch.len() <= 200
        && !branch.starts_with(['-', '/'])
        && !branch.ends_with('/')
        && !branch.contains("..")
        && !branch.contains("@{")
        && !branch.contains(odd);
    if fits {
        Ok(branch.to_owned())
    } else {
        Err(Refusal::invalid("branch", "give the name of a git branch, such as main"))
    }
}

/// Checks the folder of a project in its repository; gives it without outer slashes.
pub fn check_folder(folder: &str) -> Reply<String> {
    let folder = folder.trim_matches('/');
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    if folder.is_empty() || folder.split('/').all(plain) {
        return Ok(folder.to_owned());
    }
    Err(Refusal::invalid("folder", "give the project's folder relative to the repository, such as projects/orders"))
}

impl From<VcsError> for Refusal {
    fn from(error: VcsError) -> Self {
        Self::passed_on(passed_on::VCS, error.code(), &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_repository_and_no_secret() {
        for good in ["https://host/x.git", "ssh://git@host/x", "git@host:x.git", "file:///srv/x", "/srv/x.git"] {
            assert!(check_repository(good).is_ok(), "{good}");
        }
        for bad in ["", "x.git", "../x", "https://anna:secret@host/x", "ext::sh -c id", "-o:x", "a\nb"] {
            assert!(check_repository(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn branches_and_folders_stay_inside() {
        assert_eq!(check_folder("/projects/orders/").ok().as_deref(), Some("projects/orders"));
        assert!(check_folder("").is_ok());
        for bad in ["..", "a/../b", "a//b"] {
            assert!(check_folder(bad).is_err(), "{bad}");
        }
        assert!(check_branch("feature/one").is_ok());
        for bad in ["", "-x", "a b", "a..b", "a:b"] {
            assert!(check_branch(bad).is_err(), "{bad}");
        }
    }
}
