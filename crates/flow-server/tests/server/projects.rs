//! Projects and Update, from a bare repository.

use crate::harness::{Cluster, TestProject, create_one, flow, inputs, wish};
use flow_api::{NewProject, Role, Update};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn update_brings_a_server_to_the_newest_commit_and_never_back() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    let registered = client.add_project(&project.registration("orders")).await.unwrap();
    assert_eq!(registered.version, None);
    let twice = client.add_project(&project.registration("orders")).await.unwrap_err();
    assert_eq!(twice.code(), "project/exists");
    assert_eq!(client.flows("orders").await.unwrap_err().code(), "project/no-version");
    assert_eq!(client.create_requests(&wish("short"), None).await.unwrap_err().code(), "project/no-version");

    let first = client.update("orders", &Update::default()).await.unwrap();
    assert_eq!((first.server.as_str(), first.from.as_deref()), ("first", None));
    let flows: Vec<&str> = first.flows.iter().map(|flow| flow.name.as_str()).collect();
    assert_eq!(flows, ["long", "short"]);
    assert_eq!(first.flows[1].description, "in good order");
    assert_eq!(first.flows[1].inputs[0].name, "customer");

    project.write("flows/broken.flow.json", "{");
    project.write("flows/no-start.flow.json", r#"{"format":1,"components":[],"links":[]}"#);
    let commit = project.push("Add two bad flows");
    let second = client.update("orders", &Update { commit: Some(commit.clone()) }).await.unwrap();
    assert_eq!((second.from.as_deref(), &second.to), (Some(first.to.as_str()), &commit));
    assert_ne!(second.version, first.version);
    let problems: Vec<bool> = second.flows.iter().map(|flow| flow.problem.is_some()).collect();
    assert_eq!(problems, [true, false, true, false], "the bad flows hide none of the good ones");
    for bad in ["broken", "no-start"] {
        assert_eq!(client.create_requests(&wish(bad), None).await.unwrap_err().code(), "project/flow-broken");
    }
    assert_eq!(client.create_requests(&wish("none"), None).await.unwrap_err().code(), "project/flow-not-found");

    let back = client.update("orders", &Update { commit: Some(first.to.clone()) }).await.unwrap();
    assert_eq!(back.to, commit, "an Update never goes back");
    let shown = client.projects().await.unwrap().remove(0);
    assert_eq!((&shown.version.unwrap().commit, shown.wanted_commit.as_ref()), (&commit, Some(&commit)));
    let versions = client.server().await.unwrap().versions;
    assert_eq!((versions.len(), &versions[0].commit), (1, &commit));
    server.stop().await;
    let again = cluster.start("first").await;
    let client = cluster.client(&again, Role::Administrator).await;
    assert_eq!(client.server().await.unwrap().versions[0].commit, commit, "nor does a start");
    again.stop().await;
}

#[tokio::test]
async fn what_stands_in_the_way_of_an_update_is_named_and_the_old_version_stays() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    project.install(&client).await;
    let code = async |name: &str, commit: Option<&str>| {
        let update = Update { commit: commit.map(str::to_owned) };
        client.update(name, &update).await.unwrap_err().code().to_owned()
    };
    assert_eq!(code("none", None).await, "project/not-found");
    assert_eq!(code("orders", Some("0123456789012345678901234567890123456789")).await, "vcs/no-such-commit");

    let gone =
        NewProject { repository: cluster.path("gone.git").to_string_lossy().into(), ..project.registration("gone") };
    client.add_project(&gone).await.unwrap();
    assert_eq!(code("gone", None).await, "vcs/unreachable");
    let branch = NewProject { branch: "other".to_owned(), ..project.registration("branch") };
    client.add_project(&branch).await.unwrap();
    assert_eq!(code("branch", None).await, "vcs/no-such-branch");
    let folder = NewProject { folder: "flows".to_owned(), ..project.registration("folder") };
    client.add_project(&folder).await.unwrap();
    assert_eq!(code("folder", None).await, "project/empty");
    let relative = NewProject { repository: "project.git".to_owned(), ..project.registration("relative") };
    assert_eq!(client.add_project(&relative).await.unwrap_err().code(), "input/invalid");

    // The remote that was there is gone: the version that the server has stays good.
    std::fs::rename(project.remote(), cluster.path("moved.git")).unwrap();
    assert_eq!(code("orders", None).await, "vcs/unreachable");
    let request = create_one(&client, "short").await;
    assert_eq!(client.wait(request.id, std::time::Duration::from_secs(30)).await.unwrap().error, None);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_was_down_adopts_the_wanted_version_at_its_start() {
    let cluster = Cluster::new();
    let first = cluster.start("first").await;
    let client = cluster.client(&first, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    project.install(&client).await;
    let second = cluster.start("second").await;
    second.stop().await;
    project.write("flows/short.flow.json", &flow("changed", &[]));
    let commit = project.push("Change it");
    client.update("orders", &Update { commit: Some(commit.clone()) }).await.unwrap();

    let second = cluster.start("second").await;
    let client = cluster.client(&second, Role::Operator).await;
    assert_eq!(client.projects().await.unwrap()[0].version.as_ref().unwrap().commit, commit);
    let flows = client.flows("orders").await.unwrap();
    assert_eq!(flows[1].description, "changed");
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_request_stays_with_the_version_that_it_began_with() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    project.install(&client).await;
    let before = create_one(&client, "short").await;
    project.write("flows/short.flow.json", &flow("changed", &[]));
    project.push("Change it");
    client.update("orders", &Update::default()).await.unwrap();
    let after = client.create_requests(&wish("short"), None).await.unwrap().requests.remove(0);
    assert_ne!(before.version, after.version);
    let description = async |id| client.request_flow(id).await.unwrap().flow.description;
    assert_eq!(description(before.id).await, "in good order");
    assert_eq!(description(after.id).await, "changed");
    assert_eq!(client.request(after.id).await.unwrap().inputs, inputs(json!({"customer": "Anna", "amount": 1})));
    server.stop().await;
}

#[tokio::test]
async fn a_project_name_has_a_hundred_characters_whatever_their_bytes() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    let project = TestProject::new(&cluster);
    let long = |letter: &str, count: usize| letter.repeat(count);
    for letter in ["n", "ä", "石", "🪨"] {
        let refused = client.add_project(&project.registration(&long(letter, 101))).await.unwrap_err();
        assert_eq!(refused.code(), "input/invalid", "101 of {letter}");
        let name = long(letter, 100);
        assert_eq!(client.add_project(&project.registration(&name)).await.unwrap().name, name);
        client.update(&name, &Update::default()).await.unwrap();
        let wish = flow_api::NewRequests { project: name.clone(), ..wish("short") };
        let request = client.create_requests(&wish, None).await.unwrap().requests.remove(0);
        let ended = client.wait(request.id, Duration::from_secs(30)).await.unwrap();
        assert_eq!((ended.state, ended.project), (flow_api::RequestState::Finished, name));
    }
    // Names that begin in the same way have a working copy each.
    let other = format!("{}岩", long("石", 99));
    client.add_project(&project.registration(&other)).await.unwrap();
    client.update(&other, &Update::default()).await.unwrap();
    assert_eq!(std::fs::read_dir(cluster.path("first").join("projects")).unwrap().count(), 5);
    server.stop().await;
}
