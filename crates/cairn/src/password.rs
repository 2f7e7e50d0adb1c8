//! Getting a password from a person or a program, never from the command line, where everybody could read it.

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
    /// Whether it comes from standard input.
    pub fn is_from_stdin(&self) -> bool {
        self.password_stdin
    }

    /// Reads a new password, or asks for it twice.
    pub fn read_new(&self, output: Output) -> Result<String, Failure> {
        self.read_or(output, || {
            let first = prompt("Password: ")?;
            if first != prompt("Once more: ")? {
                return Err(Failure::new("user/passwords-differ", "the two passwords differ: try again"));
            }
            Ok(first)
        })
    }

    /// Reads a password that there is, or asks for it.
    pub fn read(&self, output: Output) -> Result<String, Failure> {
        self.read_or(output, || prompt("Password: "))
    }

    /// Reads the password until now and the one from now on (two lines of standard input), or asks for them.
    pub fn read_change(&self, output: Output) -> Result<(String, String), Failure> {
        let both = self.read_or(output, || {
            let current = prompt("Password until now: ")?;
            Ok(format!("{current}\n{}", self.read_new(output)?))
        })?;
        let parted =
            both.split_once('\n').map(|(current, new)| (current.trim_end_matches('\r').to_owned(), new.to_owned()));
        parted.ok_or_else(|| {
            let message = "give two lines: the password until now, and the one from now on";
            Failure::new("user/no-password", message)
        })
    }

    fn read_or(&self, output: Output, ask: impl FnOnce() -> Result<String, Failure>) -> Result<String, Failure> {
        if self.password_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable(&error))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        if output.is_json() || !std::io::stdin().is_terminal() {
            let message = "nobody is there to be asked for a password: give it with --password-stdin";
            return Err(Failure::new("user/no-password", message));
        }
        ask()
    }
}

fn prompt(text: &str) -> Result<String, Failure> {
    rpassword::prompt_password(text).map_err(|error| unreadable(&error))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new("user/no-password", format!("the password cannot be read: {error}"))
}
