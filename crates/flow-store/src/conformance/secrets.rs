//! The secrets of connections.

use super::Fixture;
use crate::{NewProject, ProjectName};
use bytes::Bytes;

async fn project(fixture: &Fixture, name: &str) -> ProjectName {
    let name = ProjectName::parse(name).unwrap();
    let new = NewProject {
        name: name.clone(),
        repository: "ssh://host/orders.git".to_owned(),
        branch: "main".to_owned(),
        folder: String::new(),
        account: "ann".to_owned(),
    };
    fixture.store.create_project(new).await.unwrap();
    name
}

pub(super) async fn secrets_belong_to_a_connection_of_a_project(fixture: Fixture) {
    let store = &fixture.store;
    let (orders, sales) = (project(&fixture, "orders").await, project(&fixture, "sales").await);
    let put = async |project: &ProjectName, connection: &str, field: &str, sealed: &'static [u8]| {
        store.put_secret(project, connection, field, Bytes::from_static(sealed)).await
    };
    put(&orders, "web", "token", b"t").await.unwrap();
    put(&orders, "web", "password", b"\x00\xff").await.unwrap();
    put(&orders, "mail/out", "password", b"m").await.unwrap();
    put(&sales, "web", "token", b"s").await.unwrap();
    let found = store.connection_secrets(&orders, "web").await.unwrap();
    let found: Vec<_> =
        found.iter().map(|secret| (secret.field.as_str(), &secret.sealed[..], secret.updated)).collect();
    assert_eq!(found, [("password", &b"\x00\xff"[..], store.now()), ("token", &b"t"[..], store.now())]);
    assert_eq!(store.connection_secrets(&orders, "Web").await.unwrap(), []);
    let missing = ProjectName::parse("nothing").unwrap();
    assert_eq!(put(&missing, "web", "token", b"t").await.unwrap_err().code(), "store/not-found");
    assert_eq!(store.connection_secrets(&missing, "web").await.unwrap(), []);
}

pub(super) async fn a_secret_is_replaced_and_removed(fixture: Fixture) {
    let store = &fixture.store;
    let orders = project(&fixture, "orders").await;
    for sealed in ["one", "two"] {
        store.put_secret(&orders, "web", "token", sealed.into()).await.unwrap();
        let found = store.connection_secrets(&orders, "web").await.unwrap();
        assert_eq!(found.iter().map(|secret| &secret.sealed[..]).collect::<Vec<_>>(), [sealed.as_bytes()]);
    }
    assert!(!store.remove_secret(&orders, "web", "password").await.unwrap());
    assert!(store.remove_secret(&orders, "web", "token").await.unwrap());
    assert!(!store.remove_secret(&orders, "web", "token").await.unwrap());
    assert_eq!(store.connection_secrets(&orders, "web").await.unwrap(), []);
}
