//! Getting a password from a person or a program, never from the command line, where everybody can read it.

use crate::outcome::Failure;
use crate::output::Output;
use clap::Args;
use std::io::{IsTerminal, Read};

/// Where a password comes from.
#[derive(Debug, Clone, Args)]
pub struct PasswordArgs {
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordArgs {
    /// Reads the password, or asks for it twice.
    pub fn read(&self, output: Output) -> Result<String, Failure> {
        if self.password_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable(&error))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        if output.is_json() || !std::io::stdin().is_terminal() {
            let message = "nobody is there to be asked for a password: give it with --password-stdin";
            return Err(Failure::new("user/no-password", message));
        }
        let first = rpassword::prompt_password("Password: ").map_err(|error| unreadable(&error))?;
        let second = rpassword::prompt_password("Once more: ").map_err(|error| unreadable(&error))?;
        if first != second {
            return Err(Failure::new("user/passwords-differ", "the two passwords differ: try again"));
        }
        Ok(first)
    }
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new("user/no-password", format!("the password cannot be read: {error}"))
}
