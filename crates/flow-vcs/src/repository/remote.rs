//! The remote: clone, fetch, push.

use super::Repository;
use crate::{Access, VcsError};
use git2::{ErrorCode, FetchOptions, Oid, PushOptions};
use serde::Serialize;

/// A remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoteAddress {
    /// Its name: `origin`.
    pub name: String,
    /// Its address, without secrets.
    pub url: String,
}

/// A git branch of a remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoteBranch {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: String,
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// The branch.
    pub branch: String,
    /// The commit that it is at on the remote now.
    pub commit: String,
}

impl Repository {
    /// Asks the remote at `url` for its git branches, without a working copy: whether it is there and lets us in. The
    /// default branch comes first.
    pub fn branches_at(url: &str, access: &Access) -> Result<Vec<RemoteBranch>, VcsError> {
        let failed = |error: git2::Error| remote_error("origin", url, &error);
        let mut remote = git2::Remote::create_detached(url).map_err(failed)?;
        let callbacks = access.callbacks(git2::Config::open_default().ok());
        let connection = remote.connect_auth(git2::Direction::Fetch, Some(callbacks), None).map_err(failed)?;
        let heads = connection.list().map_err(failed)?;
        let default = heads.iter().find(|head| head.name() == "HEAD").map(git2::RemoteHead::oid);
        let branch = |head: &git2::RemoteHead<'_>| {
            let name = head.name().strip_prefix("refs/heads/")?.to_owned();
            Some(RemoteBranch { name, commit: head.oid().to_string() })
        };
        let mut branches: Vec<RemoteBranch> = heads.iter().filter_map(branch).collect();
        let default = default.map(|id| id.to_string());
        branches.sort_by_key(|branch| Some(&branch.commit) != default.as_ref());
        Ok(branches)
    }

    /// Adds a remote, or gives the one of that name another address.
    pub fn set_remote(&self, name: &str, url: &str) -> Result<(), VcsError> {
        let set = match self.git.find_remote(name) {
            Ok(_) => self.git.remote_set_url(name, url),
            Err(_) => self.git.remote(name, url).map(|_| ()),
        };
        set.map_err(VcsError::git("set the remote"))
    }

    /// The remote that the branch is pushed to and fetched from, if there is any.
    pub fn remote(&self) -> Result<Option<RemoteAddress>, VcsError> {
        let Some(remote) = self.find_remote()? else { return Ok(None) };
        Ok(Some(RemoteAddress { name: name_of(&remote), url: without_secrets(&url_of(&remote)) }))
    }

    /// Fetches the remote's branches. The working copy stays as it is.
    pub fn fetch(&self, access: &Access) -> Result<(), VcsError> {
        let mut remote = self.find_remote()?.ok_or(VcsError::NoRemote)?;
        let (name, url) = (name_of(&remote), url_of(&remote));
        let mut options = FetchOptions::new();
        options.remote_callbacks(access.callbacks(self.git.config().ok()));
        let fetched = remote.fetch(&[] as &[&str], Some(&mut options), None);
        fetched.map_err(|error| remote_error(&name, &url, &error))
    }

    /// Pushes the branch. Refused when the remote's branch has commits that are not here.
    pub fn push(&self, access: &Access) -> Result<Pushed, VcsError> {
        let branch = self.branch_or_refuse()?;
        let head = self.head_commit()?.ok_or(VcsError::NoCommit)?;
        let mut remote = self.find_remote()?.ok_or(VcsError::NoRemote)?;
        let (name, url) = (name_of(&remote), url_of(&remote));
        let mut refusal = None;
        let mut callbacks = access.callbacks(self.git.config().ok());
        callbacks.push_update_reference(|_, problem| {
            refusal = problem.map(str::to_owned);
            Ok(())
        });
        let mut options = PushOptions::new();
        options.remote_callbacks(callbacks);
        let pushed = remote.push(&[format!("refs/heads/{branch}:refs/heads/{branch}")], Some(&mut options));
        drop(options);
        let gone_apart = || VcsError::NotFastForward {
            branch: branch.clone(),
            way_out: "pull the remote's commits first, then push again",
        };
        match (pushed, refusal) {
            (Err(error), _) if error.code() == ErrorCode::NotFastForward => return Err(gone_apart()),
            (Err(error), _) => return Err(remote_error(&name, &url, &error)),
            (Ok(()), Some(problem)) if problem.contains("fast-forward") || problem.contains("fetch first") => {
                return Err(gone_apart());
            }
            (Ok(()), Some(problem)) => {
                return Err(VcsError::Rejected { remote: name, problem: hide(&problem, &url) });
            }
            (Ok(()), None) => {}
        }
        self.follow(&branch, &name);
        Ok(Pushed { branch, commit: head.id().to_string() })
    }

    /// How many commits are here and not on the remote's branch, and the other way round, as last seen.
    pub(super) fn ahead_behind(&self) -> Result<(usize, usize), VcsError> {
        let (Some(branch), Some(head)) = (self.branch()?, self.head_commit()?) else { return Ok((0, 0)) };
        let counted = match self.upstream_tip(&branch)? {
            Some(tip) => self.git.graph_ahead_behind(head.id(), tip),
            None if self.find_remote()?.is_none() => Ok((0, 0)),
            None => self.git.revwalk().and_then(|mut walk| {
                walk.push(head.id())?;
                Ok((walk.count(), 0))
            }),
        };
        counted.map_err(VcsError::git("count the commits"))
    }

    /// The newest commit of the remote's branch, as last seen; `None` when it was never seen.
    pub(super) fn upstream_tip(&self, branch: &str) -> Result<Option<Oid>, VcsError> {
        let configured = self.git.branch_upstream_name(&format!("refs/heads/{branch}"));
        let name = match configured.ok().and_then(|name| name.as_str().ok().map(str::to_owned)) {
            Some(name) => name,
            None => match self.find_remote()? {
                Some(remote) => format!("refs/remotes/{}/{branch}", name_of(&remote)),
                None => return Ok(None),
            },
        };
        match self.git.find_reference(&name).and_then(|found| found.peel_to_commit()) {
            Ok(commit) => Ok(Some(commit.id())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(VcsError::git("read the remote's branch")(error)),
        }
    }

    /// The remote that git's configuration gives the branch, else `origin`, else the only one there is.
    fn find_remote(&self) -> Result<Option<git2::Remote<'_>>, VcsError> {
        let branch = self.branch()?.unwrap_or_default();
        let configured = self.git.branch_upstream_remote(&format!("refs/heads/{branch}")).ok();
        let configured = configured.and_then(|name| name.as_str().ok().map(str::to_owned));
        let all = self.git.remotes().map_err(VcsError::git("list the remotes"))?;
        let names: Vec<&str> = all.iter().flatten().flatten().collect();
        let only = if names.len() == 1 { names.first().copied() } else { None };
        let name = configured.as_deref().or(names.iter().copied().find(|name| *name == "origin")).or(only);
        name.map(|name| self.git.find_remote(name).map_err(VcsError::git("read the remote"))).transpose()
    }

    /// Makes the branch follow the remote's, as `git push -u` does, if it follows none yet. Only a convenience for
    /// people who use git beside Cairn, so a failure is no more than logged.
    fn follow(&self, branch: &str, remote: &str) {
        let follow = || {
            let mut local = self.git.find_branch(branch, git2::BranchType::Local)?;
            if local.upstream().is_err() {
                local.set_upstream(Some(&format!("{remote}/{branch}")))?;
            }
            Ok::<_, git2::Error>(())
        };
        if let Err(error) = follow() {
            tracing::debug!(branch, remote, %error, "the branch does not follow its remote");
        }
    }
}

fn name_of(remote: &git2::Remote<'_>) -> String {
    remote.name().ok().flatten().unwrap_or("origin").to_owned()
}

fn url_of(remote: &git2::Remote<'_>) -> String {
    String::from_utf8_lossy(remote.url_bytes()).into_owned()
}

pub(super) fn remote_error(remote: &str, url: &str, error: &git2::Error) -> VcsError {
    let (remote, shown) = (remote.to_owned(), without_secrets(url));
    if error.code() == ErrorCode::Auth || error.message().contains("authentication") {
        return VcsError::Auth { remote, url: shown };
    }
    if error.code() == ErrorCode::Certificate {
        return VcsError::Certificate { remote, url: shown, problem: hide(error.message(), url) };
    }
    VcsError::Unreachable { remote, url: shown, problem: hide(error.message(), url) }
}

/// A text of git with the address in it made showable.
fn hide(text: &str, url: &str) -> String {
    text.replace(url, &without_secrets(url))
}

/// An address as it may be shown: of `https://user:secret@host/path`, `https://host/path`, because services take a
/// token in the place of the user too; of `ssh://git:secret@host/path`, `ssh://git@host/path`.
pub(super) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((user, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    match (scheme, user.split(':').next()) {
        ("ssh", Some(user)) => format!("{scheme}://{user}@{host}{path}"),
        _ => format!("{scheme}://{host}{path}"),
    }
}
