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
    key: Option<PrivateKey>,
    host: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
struct PrivateKey {
    key: String,
    passphrase: Option<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |is: bool| is.then_some("…");
        f.debug_struct("Access")
            .field("host", &self.host)
            .field("secret", &shown(self.secret.is_some()))
            .field("key", &shown(self.key.is_some()))
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Nothing of our own: the SSH agent and git's credential helpers only.
    pub fn ambient() -> Self {
        Self::default()
    }

    /// An access token for an `https` remote.
    pub fn token(token: impl Into<String>) -> Self {
        Self { secret: Some(token.into()), ..Self::default() }
    }

    /// A name and password (or token) for an `https` remote.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: Some(user.into()), secret: Some(password.into()), ..Self::default() }
    }

    /// A private key, as in its file, for an `ssh` remote; with its passphrase if it has one.
    pub fn private_key(user: Option<String>, key: impl Into<String>, passphrase: Option<String>) -> Self {
        Self { user, key: Some(PrivateKey { key: key.into(), passphrase }), ..Self::default() }
    }

    /// Shown to this host (with its port, if the address names one) and to no other, whereto ever a remote leads on.
    #[must_use]
    pub fn for_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Whether this may be shown to the remote at `url`.
    fn is_for(&self, url: &str) -> bool {
        self.host.as_deref().is_none_or(|host| host_of(url).is_some_and(|asks| asks.eq_ignore_ascii_case(host)))
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
            let is_for_it = self.is_for(url);
            let own_user = self.user.as_deref().filter(|_| is_for_it);
            if try_once(CredentialType::USERNAME) {
                return Cred::username(own_user.or(user).unwrap_or("git"));
            }
            if try_once(CredentialType::SSH_KEY) {
                let user = user.or(own_user).unwrap_or("git");
                return match self.key.as_ref().filter(|_| is_for_it) {
                    Some(PrivateKey { key, passphrase }) => {
                        Cred::ssh_key_from_memory(user, None, key, passphrase.as_deref())
                    }
                    None => Cred::ssh_key_from_agent(user),
                };
            }
            if try_once(CredentialType::USER_PASS_PLAINTEXT) {
                return match (self.secret.as_ref().filter(|_| is_for_it), &config) {
                    (Some(secret), _) => {
                        // What the hosting services accept as the name beside a token.
                        let user = own_user.or(user).unwrap_or("x-access-token");
                        Cred::userpass_plaintext(user, secret)
                    }
                    (None, Some(config)) => Cred::credential_helper(config, url, user).map_err(|_| refused()),
                    (None, None) => Err(refused()),
                };
            }
            Err(refused())
        });
        callbacks
    }
}

/// The host in a remote's address, with its port if the address names one: `git.example.org:8443`. None for a path.
pub fn host_of(url: &str) -> Option<&str> {
    let Some((_, rest)) = url.split_once("://") else {
        // `git@host:path`, as scp writes it.
        let (authority, path) = url.split_once(':')?;
        let is_host = !authority.contains('/') && !path.starts_with(':');
        return is_host.then(|| authority.rsplit('@').next().unwrap_or(authority));
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address_is_found_however_it_is_written() {
        assert_eq!(host_of("https://git.example.org/x.git"), Some("git.example.org"));
        assert_eq!(host_of("https://anna:secret@git.example.org:8443/x"), Some("git.example.org:8443"));
        assert_eq!(host_of("ssh://git@git.example.org/x"), Some("git.example.org"));
        assert_eq!(host_of("git@git.example.org:team/x.git"), Some("git.example.org"));
        assert_eq!(host_of("https://evil.example/@git.example.org/"), Some("evil.example"));
        for path in ["/srv/x.git", "file:///srv/x.git", "./a:b"] {
            assert_eq!(host_of(path), None, "{path}");
        }
    }

    #[test]
    fn a_secret_is_for_its_host_alone_and_shows_nowhere() {
        let access = Access::token("hush").for_host("git.example.org");
        assert!(access.is_for("https://git.example.org/x"));
        for other in
            ["https://example.org/x", "https://git.example.org:8443/x", "https://git.example.org.evil/x", "/srv"]
        {
            assert!(!access.is_for(other), "{other}");
        }
        let key = Access::private_key(None, "-----BEGIN hush", Some("hush".to_owned()));
        assert!(!format!("{access:?} {key:?}").contains("hush"));
    }
}
