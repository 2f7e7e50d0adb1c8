//! Passwords and secrets: how they are made, checked and hashed. Nothing here is ever stored or logged in the clear.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::OnceLock;

/// The shortest password that is taken, in characters.
pub const MIN_PASSWORD: usize = 10;
/// The longest, in bytes: hashing takes longer the longer it is.
pub const MAX_PASSWORD: usize = 512;

/// What is wrong with a name or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The password is too short or too long.
    #[error("the password has {characters} characters: use {MIN_PASSWORD} or more, and at most {MAX_PASSWORD} bytes")]
    Password {
        /// How many characters it has.
        characters: usize,
    },
    /// The account name has characters that it may not have.
    #[error("“{0}” cannot be the name of an account: use 1 to 64 letters, digits, “.”, “-”, “_” or “@”")]
    Name(String),
    /// The hash could not be computed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

impl CredentialError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Password { .. } => flow_api::codes::ACCOUNT_WEAK_PASSWORD.code,
            Self::Name(_) => flow_api::codes::INPUT_INVALID.code,
            Self::Hash(_) => flow_api::codes::SERVER_INTERNAL.code,
        }
    }
}

/// Checks the form of an account's name.
///
/// # Errors
/// [`CredentialError::Name`] names the rule.
pub fn check_account_name(name: &str) -> Result<(), CredentialError> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'));
    if fits { Ok(()) } else { Err(CredentialError::Name(name.to_owned())) }
}

/// Hashes a password with argon2id and a salt of its own, into PHC form. Takes some 20 ms of a core and 19 MiB:
/// call it where that may be.
///
/// # Errors
/// [`CredentialError::Password`] if the password is too short or too long.
pub fn hash_password(password: &str) -> Result<String, CredentialError> {
    let characters = password.chars().count();
    if characters < MIN_PASSWORD || password.len() > MAX_PASSWORD {
        return Err(CredentialError::Password { characters });
    }
    let hash = argon2().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| CredentialError::Hash(error.to_string()))
}

/// Whether `password` is the one that `hash` (PHC form) was made from. As costly as [`hash_password`].
pub fn verify_password(password: &str, hash: &str) -> bool {
    // A longer one cannot be right; hashing it anyway would let anybody keep the server busy.
    if password.len() > MAX_PASSWORD {
        return false;
    }
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Does the work of [`verify_password`] for an account that does not exist, so that the time of the answer does not
/// tell which names do.
pub fn verify_nothing(password: &str) {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| hash_password("no account has this").unwrap_or_default());
    let _ = verify_password(password, hash);
}

/// A new token for a program, and the hash to store. The token is shown once and stored nowhere.
pub fn new_token() -> (String, String) {
    let secret = format!("cairn_{}", random_256_bits());
    let hash = hash_secret(&secret);
    (secret, hash)
}

/// A new secret for a session's cookie, and the hash to store.
pub(crate) fn new_session() -> (String, String) {
    let secret = random_256_bits();
    let hash = hash_secret(&secret);
    (secret, hash)
}

/// The hash that a token or a session's secret is stored and found by. They are random, so a fast hash is enough.
pub(crate) fn hash_secret(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// A new password that nobody guesses, for a person to type once: five groups of four letters and digits, without those
/// that look alike.
pub fn new_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let random: [u8; 20] = rand::random();
    let groups: Vec<String> = random.chunks(4).map(|group| group.iter().map(letter).collect()).collect();
    groups.join("-")
}

fn random_256_bits() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Argon2id with the parameters that OWASP names first: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_no_other_is() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify_password("correct horse", &hash));
        assert!(!verify_password("correct horsf", &hash));
        assert!(!verify_password("correct horse", "not a hash"));
        assert_ne!(hash, hash_password("correct horse").unwrap(), "each has a salt of its own");
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash_password("ninechars").unwrap_err().code(), "account/weak-password");
        assert_eq!(hash_password(&"x".repeat(513)).unwrap_err().code(), "account/weak-password");
        assert!(hash_password("zehn Zeich").is_ok());
    }

    #[test]
    fn account_names_are_plain() {
        for good in ["anna", "anna.b@example.org", "ci-1"] {
            assert!(check_account_name(good).is_ok(), "{good}");
        }
        for bad in ["", "anna b", "a/b", "ä", &"x".repeat(65)] {
            assert!(check_account_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_that_are_made_are_taken_and_differ() {
        let password = new_password();
        assert_eq!((password.len(), password.matches('-').count()), (24, 4), "{password}");
        assert_ne!(password, new_password());
        assert!(hash_password(&password).is_ok());
    }

    #[test]
    fn secrets_differ_and_only_their_hash_is_stored() {
        let (first, first_hash) = new_token();
        let (second, _) = new_token();
        assert_ne!(first, second);
        assert_eq!(hash_secret(&first), first_hash);
        assert!(!first_hash.contains(&first));
    }
}
