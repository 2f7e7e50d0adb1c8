//! The key that the secrets of connections are encrypted with. Every server of the cluster has it from a file beside the
//! checkpoint database; it is not in the database, so a copy of that alone gives no secret away.

use crate::ServeError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use flow_store::ProjectName;
use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The first byte of what is sealed: which way it was done.
const VERSION: u8 = 1;
/// The length of the number that is used once for each sealed secret.
const NONCE: usize = 24;
/// The length of a key.
const KEY: usize = 32;

/// The cluster's key. It is never printed.
pub struct ClusterKey(XChaCha20Poly1305);

/// Whose secret it is. Sealed for one place, it opens in no other.
#[derive(Debug, Clone, Copy)]
pub enum Sealed<'a> {
    /// That of a field of a project's connection.
    Connection {
        /// The project.
        project: &'a ProjectName,
        /// The connection.
        connection: &'a str,
        /// Its field.
        field: &'a str,
    },
    /// That of an account for a git host.
    GitCredential {
        /// The account.
        account: &'a str,
        /// The host.
        host: &'a str,
    },
}

impl Sealed<'_> {
    fn associated(&self) -> Vec<u8> {
        match self {
            Self::Connection { project, connection, field } => format!("{project}\0{connection}\0{field}"),
            // No project's name begins like this.
            Self::GitCredential { account, host } => format!("\0git\0{account}\0{host}"),
        }
        .into_bytes()
    }
}

/// The secret was sealed with another key, for another place, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed with another key than the cluster's, or is damaged: set it anew")]
pub struct CannotOpen;

impl ClusterKey {
    /// Reads the key from its file, or makes both at the cluster's first start.
    ///
    /// # Errors
    /// `serve/key-file` if the file cannot be read or made, holds no key, or others than its owner may read it.
    pub fn open(path: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::KeyFile { path: path.to_owned(), source };
        match read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(path).map_err(failed)?;
                read(path).map_err(failed)
            }
            read => read.map_err(failed),
        }
    }

    /// Reads the key from its file, which must be there.
    ///
    /// # Errors
    /// As [`ClusterKey::open`].
    pub fn open_existing(path: &Path) -> Result<Self, ServeError> {
        read(path).map_err(|source| ServeError::KeyFile { path: path.to_owned(), source })
    }

    /// Encrypts a secret.
    pub fn seal(&self, of: Sealed<'_>, secret: &str) -> Result<Vec<u8>, CannotOpen> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: secret.as_bytes(), aad: &of.associated() };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| CannotOpen)?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Decrypts a secret.
    ///
    /// # Errors
    /// [`CannotOpen`] if it was sealed with another key or for another place.
    pub fn unseal(&self, of: Sealed<'_>, sealed: &[u8]) -> Result<String, CannotOpen> {
        let (version, rest) = sealed.split_first().ok_or(CannotOpen)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).filter(|_| *version == VERSION).ok_or(CannotOpen)?;
        let payload = Payload { msg: sealed, aad: &of.associated() };
        let secret = self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| CannotOpen)?;
        String::from_utf8(secret).map_err(|_| CannotOpen)
    }
}

fn read(path: &Path) -> Result<ClusterKey, Error> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        let message = format!("others than its owner may read it: chmod 600 {}", path.display());
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    let invalid = || Error::new(ErrorKind::InvalidData, "it holds no key: restore it from a backup");
    let key = STANDARD.decode(fs::read_to_string(path)?.trim()).map_err(|_| invalid())?;
    Ok(ClusterKey(XChaCha20Poly1305::new_from_slice(&key).map_err(|_| invalid())?))
}

/// Makes the file with a new key, all or nothing. When another server was faster, its key stands.
fn make(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    writeln!(file, "{}", STANDARD.encode(rand::random::<[u8; KEY]>()))?;
    file.sync_all()?;
    // Unlike a rename, a link never replaces a key that is there.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(project: &'a ProjectName, field: &'a str) -> Sealed<'a> {
        Sealed::Connection { project, connection: "warehouse", field }
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_in_the_same_place_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = ClusterKey::open(&folder.path().join("a.key")).unwrap();
        let again = ClusterKey::open(&folder.path().join("a.key")).unwrap();
        let other = ClusterKey::open(&folder.path().join("b.key")).unwrap();
        let project = ProjectName::parse("orders").unwrap();
        let sealed = key.seal(of(&project, "password"), "hünter2").unwrap();
        assert!(!sealed.windows(3).any(|part| part == b"ter"));
        assert_ne!(sealed, key.seal(of(&project, "password"), "hünter2").unwrap());
        assert_eq!(again.unseal(of(&project, "password"), &sealed).unwrap(), "hünter2");
        assert_eq!(again.unseal(of(&project, "token"), &sealed), Err(CannotOpen));
        assert_eq!(other.unseal(of(&project, "password"), &sealed), Err(CannotOpen));
        let elsewhere = Sealed::GitCredential { account: "orders", host: "password" };
        assert_eq!(again.unseal(elsewhere, &sealed), Err(CannotOpen));
        for broken in [&[][..], &sealed[..10], &sealed[..sealed.len() - 1], &[&[9], &sealed[1..]].concat()] {
            assert_eq!(key.unseal(of(&project, "password"), broken), Err(CannotOpen));
        }
    }

    #[test]
    fn the_key_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cairn.db.key");
        ClusterKey::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = ClusterKey::open(&path).err().unwrap();
        assert_eq!(error.code(), "serve/key-file");
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "no key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(ClusterKey::open(&path).err().unwrap().to_string().contains("holds no key"));
    }
}
