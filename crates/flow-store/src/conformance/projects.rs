//! Projects and their versions.

use super::Fixture;
use crate::{NewProject, ProjectName, ProjectVersion, ServerId, VersionId};
use bytes::Bytes;

fn name() -> ProjectName {
    ProjectName::parse("orders").unwrap()
}

fn version(version: &str, commit: &str) -> ProjectVersion {
    ProjectVersion { version: VersionId::parse(version).unwrap(), commit: commit.to_owned() }
}

fn files(content: &str) -> Vec<(String, Bytes)> {
    let file = |path: &str, content: &str| (path.to_owned(), Bytes::copy_from_slice(content.as_bytes()));
    vec![file("flows/b.flow.json", content), file("flows/a.flow.json", "same"), file("data/empty.csv", "")]
}

pub(super) async fn a_project_has_an_active_version_and_a_wanted_commit(fixture: Fixture) {
    let store = &fixture.store;
    let new = NewProject {
        name: name(),
        repository: "ssh://host/orders.git".to_owned(),
        branch: "main".to_owned(),
        folder: "flows".to_owned(),
        account: "ann".to_owned(),
    };
    let project = store.create_project(new.clone()).await.unwrap();
    assert_eq!((&project.active, &project.wanted_commit, project.created), (&None, &None, store.now()));
    assert_eq!(store.create_project(new).await.unwrap_err().code(), "store/conflict");
    let error = store.set_active(&name(), &version("v1", "c1")).await.unwrap_err();
    assert_eq!(error.code(), "store/not-found", "the store has no such version");
    store.put_version(&name(), &version("v1", "").version, "c1", files("1")).await.unwrap();
    store.set_active(&name(), &version("v1", "c1")).await.unwrap();
    store.set_wanted(&name(), "c2").await.unwrap();
    let project = store.project(&name()).await.unwrap();
    assert_eq!((project.active.clone(), project.wanted_commit.as_deref()), (Some(version("v1", "c1")), Some("c2")));
    assert_eq!(store.projects().await.unwrap(), [project]);
    let missing = ProjectName::parse("nothing").unwrap();
    assert_eq!(store.project(&missing).await.unwrap_err().code(), "store/not-found");
    assert_eq!(store.set_wanted(&missing, "c").await.unwrap_err().code(), "store/not-found");
}

pub(super) async fn version_files_are_kept_for_good(fixture: Fixture) {
    let store = &fixture.store;
    let (one, two) = (version("v1", "").version, version("v2", "").version);
    store.put_version(&name(), &one, "c1", files("1")).await.unwrap();
    store.put_version(&name(), &two, "c2", files("2")).await.unwrap();
    store.put_version(&name(), &one, "c3", files("changed")).await.unwrap();
    let kept = store.version_files(&name(), &one).await.unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["data/empty.csv", "flows/a.flow.json", "flows/b.flow.json"]);
    assert_eq!(kept["flows/b.flow.json"], "1");
    assert_eq!(kept["data/empty.csv"], "");
    assert_eq!(store.version_files(&name(), &two).await.unwrap()["flows/b.flow.json"], "2");
    let versions = store.versions(&name()).await.unwrap();
    let seen: Vec<_> = versions.iter().map(|kept| (kept.version.as_str(), kept.commit.as_str(), kept.files)).collect();
    assert_eq!(seen, [("v2", "c2", 3), ("v1", "c1", 3)]);
    let missing = version("v3", "").version;
    assert_eq!(store.version_files(&name(), &missing).await.unwrap_err().code(), "store/not-found");
    let other = ProjectName::parse("other").unwrap();
    assert_eq!(store.version_files(&other, &one).await.unwrap_err().code(), "store/not-found");
}

pub(super) async fn servers_tell_which_version_they_have(fixture: Fixture) {
    let store = &fixture.store;
    let (a, b) = (fixture.server("a").await.server, fixture.server("b").await.server);
    store.set_server_version(&b, &name(), &version("v1", "c1")).await.unwrap();
    store.set_server_version(&a, &name(), &version("v1", "c1")).await.unwrap();
    fixture.clock.advance_ms(5);
    store.set_server_version(&b, &name(), &version("v2", "c2")).await.unwrap();
    let present = store.server_versions(&name()).await.unwrap();
    let seen: Vec<_> = present.iter().map(|present| (present.server.as_str(), present.version.as_str())).collect();
    assert_eq!(seen, [("a", "v1"), ("b", "v2")]);
    assert_eq!(present[1].updated, store.now());
    let nobody = ServerId::parse("nobody").unwrap();
    let error = store.set_server_version(&nobody, &name(), &version("v1", "c1")).await.unwrap_err();
    assert_eq!(error.code(), "store/not-found");
}

pub(super) async fn a_project_moves_to_another_repository(fixture: Fixture) {
    let store = &fixture.store;
    let new = |repository: &str, branch: &str, account: &str| NewProject {
        name: name(),
        repository: repository.to_owned(),
        branch: branch.to_owned(),
        folder: "flows".to_owned(),
        account: account.to_owned(),
    };
    let error = store.change_project(new("ssh://host/orders.git", "main", "ann")).await.unwrap_err();
    assert_eq!(error.code(), "store/not-found");
    store.create_project(new("ssh://host/orders.git", "main", "ann")).await.unwrap();
    store.set_wanted(&name(), "c1").await.unwrap();
    let changed = store.change_project(new("https://other/orders.git", "stable", "bob")).await.unwrap();
    assert_eq!(changed, store.project(&name()).await.unwrap());
    assert_eq!((changed.repository.as_str(), changed.branch.as_str()), ("https://other/orders.git", "stable"));
    assert_eq!((changed.account.as_str(), changed.wanted_commit.as_deref()), ("bob", Some("c1")));
}
