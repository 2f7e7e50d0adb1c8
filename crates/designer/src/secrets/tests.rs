use super::*;
use flow_model::Connection;
use std::os::unix::fs::PermissionsExt;

fn postgres() -> Connection {
    Connection::new("warehouse", "postgres")
}

#[test]
fn a_secret_comes_back_to_its_own_project_only() {
    let config = tempfile::tempdir().unwrap();
    let store = SecretStore::new(config.path().to_owned(), false);
    let (here, elsewhere) = (store.of_project(Path::new("/a")), store.of_project(Path::new("/b")));
    assert_eq!(here.set(&postgres(), "password", "hunter2").unwrap(), SecretPlace::File);
    assert_eq!(here.fill(postgres()).unwrap().secret("password"), Some("hunter2"));
    assert_eq!(here.names(&postgres()).unwrap(), ["password"]);
    assert_eq!(elsewhere.names(&postgres()).unwrap(), [""; 0]);
    assert!(here.remove("warehouse", "password").unwrap());
    assert!(!here.remove("warehouse", "password").unwrap());
    assert_eq!(here.fill(postgres()).unwrap().secret("password"), None);
}

#[test]
fn only_the_secrets_of_a_kind_can_be_set() {
    let config = tempfile::tempdir().unwrap();
    let secrets = SecretStore::new(config.path().to_owned(), false).of_project(Path::new("/a"));
    let error = secrets.set(&postgres(), "host", "hunter2").unwrap_err();
    assert_eq!(error.code, "secret/unknown-field");
    assert!(!error.message.contains("hunter2") && error.message.contains("password"), "{}", error.message);
}

#[test]
fn the_file_is_for_its_owner_and_a_broken_one_is_kept() {
    let config = tempfile::tempdir().unwrap();
    let secrets = SecretStore::new(config.path().to_owned(), false).of_project(Path::new("/a"));
    secrets.set(&postgres(), "password", "hunter2").unwrap();
    let file = config.path().join(CONNECTIONS.file);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&file, "{\"a\": \"hunter2\"").unwrap();
    let error = secrets.set(&postgres(), "password", "other").unwrap_err();
    assert_eq!(error.code, "secret/cannot-read");
    assert!(!error.message.contains("hunter2"), "{}", error.message);
    assert!(std::fs::read_to_string(&file).unwrap().contains("hunter2"));
}
