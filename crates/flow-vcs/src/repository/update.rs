//! Bringing the working copy up to newer commits.

use super::Repository;
use crate::{Access, VcsError};
use git2::build::CheckoutBuilder;
use git2::{CheckoutNotificationType, Oid};
use serde::Serialize;

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Updated {
    /// The commit before; `None` when there was none.
    pub from: Option<String>,
    /// The commit now; the same when there was nothing new.
    pub to: String,
}

impl Repository {
    /// Fetches and brings the working copy up, by fast-forward only.
    pub fn pull(&self, access: &Access) -> Result<Updated, VcsError> {
        self.fetch(access)?;
        self.fast_forward()
    }

    /// Brings the branch and the working copy up to the remote's branch, as last fetched. Refused, with nothing
    /// changed, when the two went different ways or when local changes would be lost.
    pub fn fast_forward(&self) -> Result<Updated, VcsError> {
        let branch = self.branch_or_refuse()?;
        let tip = self.upstream_tip(&branch)?;
        match (tip, self.head_commit()?) {
            (Some(tip), _) => self.forward_to(&branch, tip),
            // The remote does not have the branch yet, so there is nothing new.
            (None, Some(head)) => {
                let id = head.id().to_string();
                Ok(Updated { from: Some(id.clone()), to: id })
            }
            (None, None) => Err(VcsError::NoCommit),
        }
    }

    /// The same to a certain commit, which the head must lead to. A commit that the head comes from is nothing new.
    pub fn fast_forward_to(&self, commit: &str) -> Result<Updated, VcsError> {
        let branch = self.branch_or_refuse()?;
        let target = self.find_commit(commit)?.id();
        self.forward_to(&branch, target)
    }

    pub(super) fn forward_to(&self, branch: &str, target: Oid) -> Result<Updated, VcsError> {
        self.check_ready()?;
        let head = self.head_commit()?.map(|head| head.id());
        let descends =
            |newer, older| self.git.graph_descendant_of(newer, older).map_err(VcsError::git("compare the commits"));
        if let Some(head) = head {
            if head == target || descends(head, target)? {
                return Ok(Updated { from: Some(head.to_string()), to: head.to_string() });
            }
            if !descends(target, head)? {
                let way_out = "merge or rebase with git, then try again";
                return Err(VcsError::NotFastForward { branch: branch.to_owned(), way_out });
            }
        }
        self.check_out(target)?;
        // Last: should the process die before, the files are ahead of the branch and the next update goes through.
        self.git
            .reference(&format!("refs/heads/{branch}"), target, true, "cairn: fast-forward")
            .map_err(VcsError::git("move the branch"))?;
        Ok(Updated { from: head.map(|head| head.to_string()), to: target.to_string() })
    }

    fn check_out(&self, target: Oid) -> Result<(), VcsError> {
        let commit = self.git.find_commit(target).map_err(VcsError::git("read the commit"))?;
        let mut conflicts = Vec::new();
        let mut options = CheckoutBuilder::new();
        options.safe().notify_on(CheckoutNotificationType::CONFLICT).notify(|_, path, _, _, _| {
            conflicts.extend(path.map(|path| path.to_string_lossy().into_owned()));
            true
        });
        let checked_out = self.git.checkout_tree(commit.as_object(), Some(&mut options));
        drop(options);
        match checked_out {
            Err(_) if !conflicts.is_empty() => Err(VcsError::WouldOverwrite { paths: conflicts }),
            checked_out => checked_out.map_err(VcsError::git("update the working copy")),
        }
    }
}
