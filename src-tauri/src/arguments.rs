//! The command line.

use std::path::PathBuf;

/// What the program was started with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// A project's folder, or a file within one.
    pub path: Option<PathBuf>,
    /// Whether a window of its own opens, although one is open already.
    pub new_window: bool,
    asks: Option<Asks>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Help,
    Version,
}

const HELP: &str = "\
Opens the designer on the project in the folder PATH, or on the flow in the file PATH.

Usage: cairn-designer [--new-window] [PATH]

Where a window is open already, that one shows it.

Options:
  --new-window  Open a window of its own
  -V, --version Print the version
  -h, --help    Print this help

The folder of its settings is ~/.config/cairn, or CAIRN_CONFIG.";

impl Arguments {
    /// Those of a command line, without the program's name.
    pub fn of(arguments: impl Iterator<Item = String>) -> Self {
        let mut found = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "-h" | "--help" => found.asks = Some(Asks::Help),
                "-V" | "--version" => found.asks = Some(Asks::Version),
                "--new-window" => found.new_window = true,
                _ => found.path = Some(path_of(&argument)),
            }
        }
        found
    }

    /// What to print instead of opening a window.
    pub fn answer(&self) -> Option<String> {
        self.asks.map(|asks| match asks {
            Asks::Help => HELP.to_owned(),
            Asks::Version => format!("cairn-designer {}", env!("CARGO_PKG_VERSION")),
        })
    }
}

/// A path. Some file managers give an address instead.
fn path_of(argument: &str) -> PathBuf {
    let address = argument.strip_prefix("file://").and_then(|_| tauri::Url::parse(argument).ok());
    address.and_then(|address| address.to_file_path().ok()).unwrap_or_else(|| PathBuf::from(argument))
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use std::path::Path;

    fn of(line: &[&str]) -> Arguments {
        Arguments::of(line.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn a_path_may_come_as_an_address() {
        assert_eq!(of(&["/work here"]).path.as_deref(), Some(Path::new("/work here")));
        assert_eq!(of(&["file:///work%20here/a.flow.json"]).path.as_deref(), Some(Path::new("/work here/a.flow.json")));
        let both = of(&["--new-window", "orders"]);
        assert!(both.new_window && both.path.as_deref() == Some(Path::new("orders")) && both.answer().is_none());
    }

    #[test]
    fn questions_are_answered_without_a_window() {
        assert!(of(&["--version"]).answer().is_some_and(|answer| answer.starts_with("cairn-designer ")));
        assert!(of(&["-h"]).answer().is_some_and(|answer| answer.contains("Usage")));
    }
}
