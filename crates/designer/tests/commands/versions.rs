use crate::workbench::{FLOW, Workbench, git};
use serde_json::json;

async fn committed(bench: &Workbench) -> String {
    bench.call("vcs_commit", json!({"message": "Everything"})).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn changed_flows_are_shown_committed_and_logged() {
    let bench = Workbench::with_project().await;
    let status = bench.call("vcs_status", json!({})).await;
    assert_eq!(status["head"], json!(null));
    let changed = status["changed"].as_array().unwrap();
    assert!(changed.iter().any(|file| file["flow"] == FLOW && file["change"] == "added"), "{changed:?}");
    let commit = committed(&bench).await;
    let status = bench.call("vcs_status", json!({})).await;
    assert_eq!(status["changed"], json!([]));
    assert_eq!(status["head"]["id"], commit.as_str());
    let log = bench.call("vcs_log", json!({"flow": FLOW})).await;
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!((&log[0]["message"], &log[0]["author"]), (&json!("Everything"), &json!("Ada")));
    assert_eq!(bench.fails("vcs_commit", json!({"message": "Again"})).await.code, "vcs/nothing-to-commit");
}

#[tokio::test]
async fn an_unsaved_flow_is_not_left_out_of_a_commit_in_silence() {
    let bench = Workbench::with_project().await;
    bench.edit(json!({"edit": "setDescription", "description": "new"})).await;
    assert_eq!(bench.fails("vcs_commit", json!({"message": "Half"})).await.code, "vcs/unsaved");
    bench.call("flow_save", json!({"flow": FLOW})).await;
    committed(&bench).await;
}

#[tokio::test]
async fn push_and_pull_go_through_the_remote() {
    let bench = Workbench::with_project().await;
    committed(&bench).await;
    assert_eq!(bench.fails("vcs_push", json!({})).await.code, "vcs/no-remote");
    let remote = bench.folder.path().join("remote.git");
    git(bench.folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    git(&bench.project(), &["remote", "add", "origin", remote.to_str().unwrap()]);
    assert_eq!(bench.call("vcs_status", json!({})).await["ahead"], 1);
    assert_eq!(bench.call("vcs_push", json!({})).await["ahead"], 0);
    // A colleague changes the flow; here it is open without changes, so it follows.
    git(bench.folder.path(), &["clone", "-q", "remote.git", "colleague"]);
    let colleague = bench.folder.path().join("colleague");
    let path = colleague.join("flows/orders.flow.json");
    let flow = std::fs::read_to_string(&path).unwrap().replace("\"Read\"", "\"Read all\"");
    std::fs::write(&path, flow).unwrap();
    let by = ["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false"];
    git(&colleague, &[&by[..], &["commit", "-qam", "Read all"]].concat());
    git(&colleague, &["push", "-q"]);
    let pulled = bench.call("vcs_pull", json!({})).await;
    assert_ne!(pulled["from"], pulled["to"]);
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["read-aaaaaa"]["name"], "Read all");
}

#[tokio::test]
async fn what_colleagues_changed_meanwhile_is_merged_by_component_or_named() {
    let bench = Workbench::with_project().await;
    committed(&bench).await;
    git(bench.folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    let remote = bench.folder.path().join("remote.git");
    git(&bench.project(), &["remote", "add", "origin", remote.to_str().unwrap()]);
    bench.call("vcs_push", json!({})).await;
    git(bench.folder.path(), &["clone", "-q", "remote.git", "colleague"]);
    let colleague = bench.folder.path().join("colleague");
    let publish = |from: &str, to: &str| {
        let path = colleague.join("flows/orders.flow.json");
        let flow = std::fs::read_to_string(&path).unwrap();
        assert!(flow.contains(from), "{flow}");
        std::fs::write(&path, flow.replace(from, to)).unwrap();
        let by = ["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false"];
        git(&colleague, &[&by[..], &["commit", "-qam", to]].concat());
        git(&colleague, &["push", "-q"]);
    };
    let rename = |name: &'static str| {
        let bench = &bench;
        async move {
            bench.edit(json!({"edit": "rename", "id": "read-aaaaaa", "name": name})).await;
            bench.call("flow_save", json!({"flow": FLOW})).await;
            committed(bench).await
        }
    };
    // The name and a property of one component: they stand side by side in the file.
    publish("project:data/orders.csv", "project:data/all.csv");
    let mine = rename("Read mine").await;
    let pulled = bench.call("vcs_pull", json!({})).await;
    assert_eq!(pulled["from"], mine.as_str());
    let read = bench.call("flow_open", json!({"flow": FLOW})).await["document"]["components"]["read-aaaaaa"].clone();
    assert_eq!((&read["name"], &read["properties"]["Path"]), (&json!("Read mine"), &json!("project:data/all.csv")));
    bench.call("vcs_push", json!({})).await;
    git(&colleague, &["pull", "-q"]);
    // The same name on both sides.
    publish("Read mine", "Read theirs");
    let mine = rename("Read ours").await;
    let pulled = bench.call("vcs_pull", json!({})).await;
    let conflict = &pulled["conflicts"][0];
    assert_eq!((&conflict["flow"], &conflict["words"][0]), (&json!(FLOW), &json!("the name of “Read ours”")));
    let place = &conflict["places"][0];
    assert_eq!(place["place"]["component"], "read-aaaaaa");
    assert_eq!((&place["base"], &place["ours"]), (&json!("Read mine"), &json!("Read ours")));
    assert_eq!(place["theirs"], "Read theirs");
    let status = bench.call("vcs_status", json!({})).await;
    assert_eq!((&status["head"]["id"], &status["changed"]), (&json!(mine), &json!([])));
    // The author decides.
    let keep = json!({"keep": {conflict["path"].as_str().unwrap(): "theirs"}});
    let pulled = bench.call("vcs_pull", keep).await;
    assert_eq!((&pulled["from"], &pulled["conflicts"]), (&json!(mine), &json!([])));
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["read-aaaaaa"]["name"], "Read theirs");
}

#[tokio::test]
async fn a_remote_that_cannot_be_reached_is_a_clear_error() {
    let bench = Workbench::with_project().await;
    committed(&bench).await;
    git(&bench.project(), &["remote", "add", "origin", "/nowhere/remote.git"]);
    let error = bench.fails("vcs_push", json!({})).await;
    assert_eq!(error.code, "vcs/unreachable");
    assert!(error.message.contains("/nowhere/remote.git"), "{}", error.message);
}
