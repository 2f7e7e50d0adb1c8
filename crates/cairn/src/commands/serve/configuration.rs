//! The configuration of a server, put together from its file, its environment and its command line. Each wins over
//! those before it.

use super::options::Options;
use crate::commands::settings::source;
use crate::outcome::Failure;
use flow_api::SettingSource;
use flow_server::Given;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr as _;

/// What holds when nobody says anything.
const DEFAULTS: [(&str, &str); 5] = [
    ("listen", "127.0.0.1:7401"),
    ("concurrency", "64"),
    ("speculation", "on"),
    ("clock-check", "on"),
    ("metrics-public", "off"),
];

/// The effective configuration.
#[derive(Debug)]
pub struct Configuration {
    /// As it is used.
    pub options: Options,
    /// As it was said, by the names of the options.
    said: BTreeMap<String, Said>,
}

/// A value and where it was said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The value, as text.
    value: String,
    /// Where.
    source: SettingSource,
}

impl Configuration {
    /// Puts it together.
    ///
    /// # Errors
    /// `serve/config` names the file or the variable, and what is wrong there.
    pub fn read(
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
        flags: &Options,
    ) -> Result<Self, Failure> {
        let mut said = BTreeMap::new();
        let mut say = |name: &str, value: String, source| said.insert(name.to_owned(), Said { value, source });
        for (name, value) in DEFAULTS {
            say(name, value.to_owned(), SettingSource::Default);
        }
        for (name, value) in file.map(of_file).transpose()?.unwrap_or_default() {
            say(&name, value, SettingSource::File);
        }
        for name in Options::names() {
            let variable = variable(&name);
            if let Some(value) = environment(&variable).filter(|value| !value.is_empty()) {
                check(&name, &value).map_err(|why| wrong(&variable, &why))?;
                say(&name, value, SettingSource::Environment);
            }
        }
        for (name, value) in flags.texts() {
            say(name, value, SettingSource::Flag);
        }
        let texts = said.iter().map(|(name, said)| (name.as_str(), said.value.as_str()));
        let options = Options::read(texts).map_err(|why| Failure::new("serve/config", why))?;
        // From here on it is only shown, and so without its password.
        if let (Some(said), Some(connection)) = (said.get_mut("checkpoint-connection"), &options.checkpoint_connection)
        {
            said.value = connection.to_string();
        }
        Ok(Self { options, said })
    }

    /// For people, in the form of the file.
    pub fn text(&self) -> String {
        let mut text =
            String::from("# The effective configuration of `cairn serve`, and where each part of it comes from.\n");
        for (name, said) in &self.said {
            let value = toml::Value::String(said.value.clone());
            text.push_str(&format!("{:<60} # {}\n", format!("{name} = {value}"), source(said.source)));
        }
        text.trim_end().to_owned()
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!(self.said)
    }

    /// For those who look at the server's settings.
    pub fn given(&self) -> Vec<Given> {
        let given = |(name, said): (&String, &Said)| {
            let key = match name.as_str() {
                "checkpoint-connection" => "checkpoint.connection",
                "checkpoint-storage" => "checkpoint.storage",
                "state" => "server.state",
                "listen" => "server.listen",
                "address" => "server.address",
                "name" => "server.name",
                "concurrency" => "server.concurrency",
                "spool-path" => "server.spool",
                "speculation" => "server.speculation",
                "clock-check" => "server.clock_check",
                "tls-cert" => "server.tls_certificate",
                "tls-key" => "server.tls_key",
                "trusted-proxy" => "server.trusted_proxies",
                "metrics-public" => "server.metrics_public",
                _ => return None,
            };
            let value = match said.value.as_str() {
                "on" => json!(true),
                "off" => json!(false),
                number if key == "server.concurrency" => u64::from_str(number).map_or(json!(number), |n| json!(n)),
                text => json!(text),
            };
            Some(Given { key, value, source: said.source })
        };
        self.said.iter().filter_map(given).collect()
    }
}

/// The variable of the environment that says an option.
fn variable(name: &str) -> String {
    format!("CAIRN_{}", name.replace('-', "_").to_ascii_uppercase())
}

fn of_file(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&place, &error.to_string()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| wrong(&place, error.to_string().trim()))?;
    let names = Options::names();
    let mut options = Vec::new();
    for (name, value) in table {
        if !names.contains(&name) {
            return Err(wrong(&place, &format!("“{name}” is no option; there are {}", names.join(", "))));
        }
        let value = text_of(&value)
            .ok_or_else(|| wrong(&place, &format!("“{name}” must be a text, a number or true or false")))?;
        check(&name, &value).map_err(|why| wrong(&place, &why))?;
        options.push((name, value));
    }
    Ok(options)
}

fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(is) => Some(if *is { "on" } else { "off" }.to_owned()),
        toml::Value::Array(values) => {
            values.iter().map(text_of).collect::<Option<Vec<_>>>().map(|texts| texts.join(","))
        }
        _ => None,
    }
}

fn check(name: &str, value: &str) -> Result<(), String> {
    Options::read([(name, value)]).map(drop)
}

fn wrong(place: &str, why: &str) -> Failure {
    Failure::new("serve/config", format!("{place}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn said(configuration: &Configuration, name: &str) -> (String, SettingSource) {
        let said = &configuration.said[name];
        (said.value.clone(), said.source)
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let file =
            file("listen = \"127.0.0.1:1\"\nname = \"north\"\nconcurrency = 8\ntrusted-proxy = [\"10.0.0.0/8\"]\n");
        let environment = |name: &str| match name {
            "CAIRN_LISTEN" => Some("127.0.0.1:2".to_owned()),
            "CAIRN_NAME" => Some("south".to_owned()),
            _ => None,
        };
        let flags = Options::read([("listen", "127.0.0.1:3")]).unwrap();
        let read = Configuration::read(Some(file.path()), environment, &flags).unwrap();
        assert_eq!(said(&read, "listen"), ("127.0.0.1:3".to_owned(), SettingSource::Flag));
        assert_eq!(said(&read, "name"), ("south".to_owned(), SettingSource::Environment));
        assert_eq!(said(&read, "concurrency"), ("8".to_owned(), SettingSource::File));
        assert_eq!(said(&read, "speculation"), ("on".to_owned(), SettingSource::Default));
        assert_eq!((read.options.concurrency, read.options.trusted_proxy.len()), (Some(8), 1));
        assert!(read.text().contains("name = \"south\""), "{}", read.text());
        let given = read.given().into_iter().find(|given| given.key == "server.concurrency").unwrap();
        assert_eq!((given.value, given.source), (json!(8), SettingSource::File));
    }

    #[test]
    fn a_password_is_used_and_not_shown() {
        let address = "postgres://ann:hunter2@db/cairn";
        let environment = |name: &str| (name == "CAIRN_CHECKPOINT_CONNECTION").then(|| address.to_owned());
        let flags = Options::read([("checkpoint-connection", address)]).unwrap();
        for flags in [Options::default(), flags] {
            let read = Configuration::read(None, environment, &flags).unwrap();
            assert_eq!(read.options.checkpoint_connection.as_ref().unwrap().expose(), address);
            let shown = format!("{} {} {:?} {:?}", read.text(), read.json(), read, read.given().last().unwrap().value);
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let none = |_: &str| None;
        let no_flags = Options::default();
        for (text, word) in [
            ("colour = \"red\"", "colour"),
            ("listen = \"here\"", "listen"),
            ("listen", "TOML"),
            ("state = {}", "state"),
        ] {
            let file = file(text);
            let error = Configuration::read(Some(file.path()), none, &no_flags).unwrap_err();
            assert!(error.to_string().contains(&file.path().display().to_string()), "{text}: {error}");
            assert!(word == "TOML" || error.to_string().contains(word), "{text}: {error}");
        }
        let environment = |name: &str| (name == "CAIRN_CONCURRENCY").then(|| "many".to_owned());
        let error = Configuration::read(None, environment, &no_flags).unwrap_err().to_string();
        assert!(error.contains("CAIRN_CONCURRENCY") && error.contains("many"), "{error}");
        assert!(Configuration::read(Some(Path::new("/nowhere/x.toml")), none, &no_flags).is_err());
    }
}
