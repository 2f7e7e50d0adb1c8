//! How a remote lets us in, and how long we wait for it.

use git2::{Cred, CredentialType, RemoteCallbacks};
use std::fmt;
use std::sync::Once;

/// What to show a remote that asks who we are. Beside it, the SSH agent and the credential helpers of git's own
/// configuration are asked. Never shown and never logged.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Access {
    user: Option<String>,
    secret: Option<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("secret", &self.secret.as_ref().map(|_| "…")).finish_non_exhaustive()
    }
}

impl Access {
    /// Nothing of our own: the SSH agent and git's credential helpers only.
    pub fn ambient() -> Self {
        Self::default()
    }

    /// An access token for an `https` remote.
    pub fn token(token: impl Into<String>) -> Self {
        Self { user: None, secret: Some(token.into()) }
    }

    /// A name and password (or token) for an `https` remote.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: Some(user.into()), secret: Some(password.into()) }
    }

    /// Callbacks that answer a remote's question. Each way is tried once: a remote that refuses an answer asks again.
    pub(crate) fn callbacks(&self, config: Option<git2::Config>) -> RemoteCallbacks<'_> {
        limit_waiting();
        let mut tried = CredentialType::empty();
        let mut callbacks = RemoteCallbacks::new();
        callbacks.credentials(move |url, user, allowed| {
            let mut try_once = |kind: CredentialType| {
                let fresh = allowed.contains(kind) && !tried.contains(kind);
                tried.set(kind, fresh || tried.contains(kind));
                fresh
            };
            if try_once(CredentialType::USERNAME) {
                return Cred::username(user.unwrap_or("git"));
            }
            if try_once(CredentialType::SSH_KEY) {
                return Cred::ssh_key_from_agent(user.unwrap_or("git"));
            }
            if try_once(CredentialType::USER_PASS_PLAINTEXT) {
                return match (&self.secret, &config) {
                    (Some(secret), _) => {
                        // What the hosting services accept as the name beside a token.
                        let user = self.user.as_deref().or(user).unwrap_or("x-access-token");
                        Cred::userpass_plaintext(user, secret)
                    }
                    (None, Some(config)) => Cred::credential_helper(config, url, user),
                    (None, None) => Err(refused()),
                };
            }
            Err(refused())
        });
        callbacks
    }
}

fn refused() -> git2::Error {
    git2::Error::new(git2::ErrorCode::Auth, git2::ErrorClass::Callback, "no key, name or password was accepted")
}

/// A remote that does not answer must not hold up a person for minutes.
fn limit_waiting() {
    const CONNECT_MS: i32 = 15_000;
    const ANSWER_MS: i32 = 60_000;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[expect(unsafe_code, reason = "libgit2's settings are global; these two are set once, before any connection")]
        // SAFETY: libgit2 reads the two numbers when it makes a connection, and nothing else in this process writes
        // them. Every connection is made after this, because it needs the callbacks that are made here.
        let set = unsafe {
            git2::opts::set_server_connect_timeout_in_milliseconds(CONNECT_MS)
                .and_then(|()| git2::opts::set_server_timeout_in_milliseconds(ANSWER_MS))
        };
        if let Err(error) = set {
            tracing::warn!(%error, "git remotes that do not answer may take minutes to give up on");
        }
    });
}
