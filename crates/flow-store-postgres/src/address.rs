//! Where a PostgreSQL database is and how to get in.

mod password;

use crate::tls::Tls;
use flow_store::StoreError;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// Address of a PostgreSQL database: `postgres://user@host:5432/database`. Shown without the password.
///
/// Beside what libpq knows, `sslmode` is `disable` or `verify-full` (`require` and `verify-ca` mean the same): a line that
/// is encrypted, but to nobody known, would only look safe. Without it, TLS is used save on this machine itself.
/// `sslrootcert` names a file with certificates of an authority of your own.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    shown: String,
}

impl FromStr for PostgresAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut authority, mut others) = (None, None, Vec::new());
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => authority = Some(PathBuf::from(value)),
                _ => others.push(part),
            }
        }
        let rest = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
        // Its own text may hold parts of the address, with the password among them.
        let mut config: Config = rest.parse().map_err(|_: tokio_postgres::Error| {
            "this is no address of a PostgreSQL database: use postgres://USER@HOST:PORT/DATABASE; in a password, write \
             %40 for @, %2F for /, %3A for : and %25 for %"
                .to_owned()
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("the address names no host: use postgres://USER@HOST:PORT/DATABASE".to_owned());
        }
        if config.get_dbname().is_none() {
            return Err("the address names no database: use postgres://USER@HOST:PORT/DATABASE".to_owned());
        }
        let encrypted = match mode.as_deref() {
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            None => !config.get_hosts().iter().all(is_here),
            Some(other) => {
                return Err(format!("sslmode={other} is not known: use disable, or verify-full with sslrootcert"));
            }
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECTING);
        // A lost network is noticed within some seconds, not after two hours.
        config
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(10));
        let shown = shown(&config);
        Ok(Self { config, tls: if encrypted { Tls::Verify { authority } } else { Tls::Off }, shown })
    }
}

impl PostgresAddress {
    /// Takes the password from where programs of PostgreSQL take it, if the address holds none: the environment
    /// (`PGPASSWORD`), or the password file (`PGPASSFILE`, `~/.pgpass`).
    ///
    /// Fails with `store/unavailable` if the password file is there and cannot be read.
    pub fn find_password(&mut self) -> Result<(), StoreError> {
        if self.config.get_password().is_none()
            && let Some(password) = password::find(&self.config)?
        {
            self.config.password(password);
        }
        Ok(())
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

fn shown(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let ports = config.get_ports();
    let host = |(place, host): (usize, &Host)| {
        let name = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        match ports.get(place).or(ports.first()) {
            Some(port) => format!("{name}:{port}"),
            None => name,
        }
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("postgres://{user}{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresAddress").field(&self.shown).finish()
    }
}

impl PartialEq for PostgresAddress {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.tls == other.tls
    }
}

impl Eq for PostgresAddress {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> PostgresAddress {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = parsed("postgres://ann:hunter2@db.example.org:6543/cairn?sslrootcert=/etc/ca.pem");
        assert_eq!(address.to_string(), "postgres://ann@db.example.org:6543/cairn");
        assert!(!format!("{address:?}").contains("hunter2"));
        assert_eq!(address.tls, Tls::Verify { authority: Some("/etc/ca.pem".into()) });
    }

    #[test]
    fn tls_is_used_save_on_this_machine() {
        assert_eq!(parsed("postgres://localhost/cairn").tls, Tls::Off);
        assert_eq!(parsed("postgres://127.0.0.1/cairn").tls, Tls::Off);
        assert_eq!(parsed("postgres://%2Frun%2Fpostgresql/cairn").tls, Tls::Off);
        assert_eq!(parsed("postgres://db/cairn").tls, Tls::Verify { authority: None });
        assert_eq!(parsed("postgres://db/cairn?sslmode=disable").tls, Tls::Off);
        assert_eq!(parsed("postgres://localhost/cairn?sslmode=require").tls, Tls::Verify { authority: None });
    }

    #[test]
    fn what_is_no_address_is_refused_without_telling_the_password() {
        for text in [
            "postgres://ann:hunter2@db:port/cairn",
            "postgres://ann:hunter2@db",
            "postgres:///cairn",
            "postgres://ann:hunter2@db/cairn?sslmode=prefer",
            "postgres://ann:hunter2@db/cairn?nonsense=hunter2",
        ] {
            let error = text.parse::<PostgresAddress>().unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
