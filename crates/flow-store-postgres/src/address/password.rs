//! The password, where the address holds none.

use flow_store::StoreError;
use std::env;
use std::path::{Path, PathBuf};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The password of the environment or of the password file.
pub(super) fn find(config: &Config) -> Result<Option<String>, StoreError> {
    if let Ok(password) = env::var("PGPASSWORD") {
        return Ok(Some(password));
    }
    let (path, named) = match env::var_os("PGPASSFILE") {
        Some(path) => (PathBuf::from(path), true),
        None => (PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".pgpass"), false),
    };
    if !named && !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|error| cannot_read(&path, &error))?;
    Ok(in_file(&text, config))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::unavailable(format!("the password file {} cannot be read: {error}", path.display()))
}

/// The password of the first line that fits: `host:port:database:user:password`, `*` for any.
fn in_file(text: &str, config: &Config) -> Option<String> {
    let host = match config.get_hosts().first()? {
        Host::Tcp(name) => name.clone(),
        Host::Unix(_) => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let wanted = [host.as_str(), &port, config.get_dbname()?, config.get_user().unwrap_or_default()];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [places @ .., password] = fields.as_slice() else { return None };
        let fits = places.len() == wanted.len()
            && places.iter().zip(wanted).all(|(place, wanted)| place == "*" || place == wanted);
        fits.then(|| password.clone())
    })
}

/// The fields of a line; `\:` and `\\` stand for the characters themselves.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, fields.last_mut()) {
            ('\\', Some(last)) => last.extend(characters.next()),
            (':', _) => fields.push(String::new()),
            (other, Some(last)) => last.push(other),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let config: Config = "postgres://ann@db:6543/cairn".parse().unwrap();
        let text = "# a comment\nother:*:*:*:no\ndb:6543:cairn:bob:no\n*:*:cairn:ann:se\\:cr\\\\et\n*:*:*:*:later";
        assert_eq!(in_file(text, &config).as_deref(), Some("se:cr\\et"));
        assert_eq!(in_file("db:5432:cairn:ann:no", &config), None);
    }
}
