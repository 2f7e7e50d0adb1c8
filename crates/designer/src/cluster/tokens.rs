//! Where tokens for clusters are kept: in the system's keyring or, where there is none, in a file that only the user
//! can read. No user interface ever sees one.

use super::TokenPlace;
use crate::CommandError;
use crate::settings::Settings;
use keyring::v1::Entry;
use std::collections::BTreeMap;

/// The file for systems without a keyring.
const FILE: &str = "tokens.json";
/// The name of Cairn in the keyring.
const SERVICE: &str = "cairn-designer";

/// Keeps tokens by the name of their cluster. Its methods may block.
#[derive(Clone)]
pub(super) struct Tokens {
    settings: Settings,
    use_keyring: bool,
}

impl Tokens {
    pub(super) fn new(settings: Settings, use_keyring: bool) -> Self {
        Self { settings, use_keyring }
    }

    /// Keeps the token for `cluster`, and says where.
    pub(super) fn keep(&self, cluster: &str, token: &str) -> Result<TokenPlace, CommandError> {
        if self.use_keyring {
            match self.entry(cluster).and_then(|entry| entry.set_password(token)) {
                Ok(()) => {
                    self.forget_in_file(cluster)?;
                    return Ok(TokenPlace::Keyring);
                }
                Err(error) => tracing::info!(%error, "no keyring: the token goes into a file that only you can read"),
            }
        }
        let mut tokens: BTreeMap<String, String> = self.settings.read(FILE);
        tokens.insert(cluster.to_owned(), token.to_owned());
        self.settings.write(FILE, &tokens)?;
        Ok(TokenPlace::File)
    }

    /// The token for `cluster`, if it is still where it was kept.
    pub(super) fn find(&self, cluster: &str, kept_in: TokenPlace) -> Option<String> {
        match kept_in {
            TokenPlace::Keyring => {
                let found = self.entry(cluster).and_then(|entry| entry.get_password());
                found.inspect_err(|error| tracing::warn!(cluster, %error, "the keyring does not give the token")).ok()
            }
            TokenPlace::File => self.settings.read::<BTreeMap<String, String>>(FILE).remove(cluster),
        }
    }

    /// Forgets the token for `cluster`.
    pub(super) fn forget(&self, cluster: &str, kept_in: TokenPlace) -> Result<(), CommandError> {
        match kept_in {
            TokenPlace::Keyring => match self.entry(cluster).and_then(|entry| entry.delete_credential()) {
                Ok(()) | Err(keyring::v1::Error::NoEntry) => Ok(()),
                Err(error) => Err(CommandError::new(
                    "cluster/keyring",
                    format!("the keyring did not delete the token for “{cluster}” ({error}): delete it there by hand"),
                )),
            },
            TokenPlace::File => self.forget_in_file(cluster),
        }
    }

    fn forget_in_file(&self, cluster: &str) -> Result<(), CommandError> {
        let mut tokens: BTreeMap<String, String> = self.settings.read(FILE);
        match tokens.remove(cluster) {
            Some(_) => self.settings.write(FILE, &tokens),
            None => Ok(()),
        }
    }

    /// The keyring's entry. It names the config folder too, so that two of them never share one.
    fn entry(&self, cluster: &str) -> Result<Entry, keyring::v1::Error> {
        Entry::new(SERVICE, &format!("{cluster} ({})", self.settings.path("").display()))
    }
}
