//! Getting a secret from a person or a program, never from the command line, where everybody could read it.

use crate::outcome::Failure;
use std::io::{IsTerminal, Read};

/// Asks for a secret without showing it, or reads it from standard input; a line break at its end is not part of it.
pub fn ask(what: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new("secret/input", format!("the secret cannot be read: {error}"));
    let secret = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("{what}: ")).map_err(failed)?
    } else {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).unwrap_or(&text).to_owned()
    };
    if secret.is_empty() {
        return Err(Failure::new("secret/input", "the secret is empty: nothing was changed"));
    }
    Ok(secret)
}
