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
    assert_eq!(place["component"], "read-aaaaaa");
    assert_eq!((&place["before"], &place["mine"]), (&json!("Read mine"), &json!("Read ours")));
    assert_eq!(place["theirs"], "Read theirs");
    let status = bench.call("vcs_status", json!({})).await;
    assert_eq!((&status["head"]["id"], &status["changed"]), (&json!(mine), &json!([])));
    // The author decides.
    let keep = json!({"keep": {conflict["path"].as_str().unwrap(): {place["key"].as_str().unwrap(): "theirs"}}});
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

async fn renamed(bench: &Workbench, name: &str) {
    bench.edit(json!({"edit": "rename", "id": "read-aaaaaa", "name": name})).await;
    bench.call("flow_save", json!({"flow": FLOW})).await;
}

#[tokio::test]
async fn what_changed_is_told_in_words_before_and_after_the_commit() {
    let bench = Workbench::with_project().await;
    committed(&bench).await;
    renamed(&bench, "Read all").await;
    let changes = bench.call("vcs_changes", json!({})).await;
    assert_eq!((&changes[0]["flow"], &changes[0]["words"]), (&json!(FLOW), &json!(["renamed “Read” to “Read all”"])));
    committed(&bench).await;
    let history = bench.call("vcs_history", json!({"flow": FLOW})).await;
    assert_eq!(history["commits"][0]["files"][0]["words"], json!(["renamed “Read” to “Read all”"]));
    assert_eq!(history["commits"][1]["files"][0]["words"], json!(["a new flow of 5 components"]));
    let first = bench.call("vcs_history", json!({"flow": FLOW, "limit": 1})).await;
    let rest = bench.call("vcs_history", json!({"flow": FLOW, "after": first["next"]})).await;
    assert_eq!(rest["commits"][0]["id"], history["commits"][1]["id"]);
}

#[tokio::test]
async fn an_old_version_is_looked_at_and_restored_as_a_step_that_can_be_undone() {
    let bench = Workbench::with_project().await;
    let first = committed(&bench).await;
    renamed(&bench, "Read all").await;
    committed(&bench).await;
    let old = bench.call("vcs_flow_at", json!({"flow": FLOW, "commit": first})).await;
    assert_eq!(old["view"]["document"]["components"]["read-aaaaaa"]["name"], "Read");
    let restore = json!({"flow": FLOW, "commit": first, "title": "Restore the first"});
    let change = bench.call("vcs_restore", restore.clone()).await;
    assert_eq!((&change["state"]["undo"], &change["state"]["dirty"]), (&json!("Restore the first"), &json!(true)));
    assert_eq!(change["patch"]["components"]["read-aaaaaa"]["name"], "Read");
    let undone = bench.call("flow_undo", json!({"flow": FLOW})).await;
    assert_eq!((&undone["state"]["dirty"], &undone["state"]["redo"]), (&json!(false), &json!("Restore the first")));
    // A flow that was deleted comes back.
    bench.call("project_delete_flow", json!({"flow": FLOW})).await;
    assert_eq!(bench.call("vcs_restore", restore).await, json!(null));
    assert_eq!(
        bench.call("flow_open", json!({"flow": FLOW})).await["document"]["components"].as_object().unwrap().len(),
        5
    );
}

#[tokio::test]
async fn unsaved_and_uncommitted_work_comes_along_to_another_branch() {
    let bench = Workbench::with_project().await;
    committed(&bench).await;
    bench.call("vcs_create_branch", json!({"name": "feature"})).await;
    renamed(&bench, "On the feature").await;
    committed(&bench).await;
    // Not committed …
    bench.edit(json!({"edit": "rename", "id": "double-aaaaaa", "name": "Uncommitted"})).await;
    bench.call("flow_save", json!({"flow": FLOW})).await;
    // … and not even saved.
    bench.edit(json!({"edit": "setDescription", "description": "Unsaved"})).await;
    let switched = bench.call("vcs_switch", json!({"name": "main"})).await;
    assert_eq!(
        (&switched["status"]["branch"], &switched["merged"]),
        (&json!("main"), &json!(["flows/orders.flow.json"]))
    );
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    let name = |id: &str| view["document"]["components"][id]["name"].clone();
    assert_eq!((name("read-aaaaaa"), name("double-aaaaaa")), (json!("Read"), json!("Uncommitted")));
    assert_eq!((&view["document"]["description"], &view["state"]["dirty"]), (&json!("Unsaved"), &json!(true)));
    let branches = bench.call("vcs_branches", json!({})).await;
    assert_eq!((&branches[0]["name"], &branches[1]["current"]), (&json!("feature"), &json!(true)));
    // What cannot come along keeps everything as it is.
    bench.edit(json!({"edit": "rename", "id": "read-aaaaaa", "name": "On main"})).await;
    bench.call("flow_save", json!({"flow": FLOW})).await;
    let refused = bench.fails("vcs_switch", json!({"name": "feature"})).await;
    assert!(refused.code == "vcs/switch-conflict" && refused.message.contains("the name of"), "{}", refused.message);
    assert_eq!(bench.call("vcs_status", json!({})).await["branch"], "main");
}

/// The codes of what is to be known about the repository.
async fn situations(bench: &Workbench) -> Vec<String> {
    let status = bench.call("vcs_status", json!({})).await;
    let all = status["situations"].as_array().unwrap().iter();
    for situation in all.clone() {
        assert!(situation["title"].as_str().unwrap().len() > 5 && situation["text"].as_str().unwrap().len() > 20);
    }
    all.map(|situation| situation["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_state_of_the_repository_is_told_with_its_way_out() {
    let bench = Workbench::with_project().await;
    let project = bench.project();
    assert_eq!(situations(&bench).await, ["noCommit", "noRemote"]);
    let first = committed(&bench).await;
    git(bench.folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    let remote = bench.folder.path().join("remote.git");
    bench.call("vcs_set_remote", json!({"url": remote.to_str().unwrap()})).await;
    assert_eq!(situations(&bench).await, ["unpushed"]);
    bench.call("vcs_push", json!({})).await;
    assert_eq!(situations(&bench).await, [""; 0]);
    // A lock that a crashed git left behind.
    std::fs::write(project.join(".git/index.lock"), "").unwrap();
    assert_eq!(situations(&bench).await, ["locked"]);
    renamed(&bench, "Locked").await;
    let busy = bench.fails("vcs_commit", json!({"message": "Locked"})).await;
    assert!(busy.code == "vcs/busy" && busy.message.contains("index.lock"), "{}", busy.message);
    std::fs::remove_file(project.join(".git/index.lock")).unwrap();
    committed(&bench).await;
    // Two ways.
    git(bench.folder.path(), &["clone", "-q", "remote.git", "colleague"]);
    let colleague = bench.folder.path().join("colleague");
    std::fs::write(colleague.join("data/more.csv"), "id\n1\n").unwrap();
    git(&colleague, &["add", "-A"]);
    git(
        &colleague,
        &["-c", "user.name=Bob", "-c", "user.email=b@e", "-c", "commit.gpgsign=false", "commit", "-qm", "More"],
    );
    git(&colleague, &["push", "-q"]);
    git(&project, &["fetch", "-q"]);
    assert_eq!(situations(&bench).await, ["diverged"]);
    bench.call("vcs_pull", json!({})).await;
    assert_eq!(situations(&bench).await, ["unpushed"]);
    // No branch.
    git(&project, &["checkout", "-q", "--detach", &first]);
    assert_eq!(situations(&bench).await, ["detached"]);
    assert_eq!(bench.fails("vcs_commit", json!({"message": "Lost"})).await.code, "vcs/detached");
    bench.call("vcs_create_branch", json!({"name": "rescued"})).await;
    assert!(!situations(&bench).await.contains(&"detached".to_owned()));
    // Something that began and did not end.
    for (file, code) in
        [("MERGE_HEAD", "inProgress"), ("CHERRY_PICK_HEAD", "inProgress"), ("REVERT_HEAD", "inProgress")]
    {
        std::fs::write(project.join(".git").join(file), format!("{first}\n")).unwrap();
        assert_eq!(situations(&bench).await[0], code, "{file}");
        std::fs::remove_file(project.join(".git").join(file)).unwrap();
    }
    std::fs::create_dir(project.join(".git/rebase-merge")).unwrap();
    assert_eq!(situations(&bench).await[0], "inProgress");
}

#[tokio::test]
async fn a_merge_by_git_that_left_conflicts_is_solved_by_component() {
    let bench = Workbench::with_project().await;
    bench.edit(json!({"edit": "setDescription", "description": "x"})).await;
    bench.call("flow_save", json!({"flow": FLOW})).await;
    committed(&bench).await;
    bench.call("vcs_create_branch", json!({"name": "other"})).await;
    renamed(&bench, "Theirs").await;
    committed(&bench).await;
    bench.call("vcs_switch", json!({"name": "main"})).await;
    renamed(&bench, "Ours").await;
    committed(&bench).await;
    bench.call("flow_close", json!({"flow": FLOW})).await;
    let merged =
        std::process::Command::new("git").arg("-C").arg(bench.project()).args(["merge", "-q", "other"]).output();
    assert!(!merged.unwrap().status.success(), "git leaves conflict marks");
    assert_eq!(situations(&bench).await[..2], ["conflicts", "inProgress"]);
    let conflicts = bench.call("vcs_solve_conflicts", json!({"flow": FLOW})).await;
    assert_eq!((&conflicts[0]["mine"], &conflicts[0]["theirs"]), (&json!("Ours"), &json!("Theirs")));
    let keep = json!({"flow": FLOW, "keep": {conflicts[0]["key"].as_str().unwrap(): "theirs"}});
    bench.call("vcs_solve", keep).await;
    assert_eq!(situations(&bench).await[0], "inProgress");
    git(&bench.project(), &["commit", "-qam", "Merged"]);
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["read-aaaaaa"]["name"], "Theirs");
}

#[tokio::test]
async fn a_project_in_a_folder_of_a_repository_sees_its_own_part_of_it() {
    let bench = Workbench::empty();
    let around = bench.folder.path().join("around");
    std::fs::create_dir_all(&around).unwrap();
    git(&around, &["init", "-q", "-b", "main"]);
    let path = around.join("projects/orders");
    bench.call("project_create", json!({"path": path})).await;
    std::fs::write(around.join("beside.txt"), "not of the project").unwrap();
    bench.call("project_create_flow", json!({"flow": "a"})).await;
    let author = json!({"name": "Ada", "email": "ada@example.org"});
    let status = bench.call("vcs_status", json!({})).await;
    assert_eq!(status["folder"], "projects/orders");
    assert!(status["changed"].as_array().unwrap().iter().all(|file| file["path"] != "beside.txt"));
    bench.call("vcs_commit", json!({"message": "Begin", "author": author})).await;
    let status = bench.call("vcs_status", json!({})).await;
    assert_eq!((&status["changed"], &status["author"]), (&json!([]), &author));
    let history = bench.call("vcs_history", json!({"flow": "a"})).await;
    let first = history["commits"][0]["id"].clone();
    assert_eq!(bench.call("vcs_flow_at", json!({"flow": "a", "commit": first})).await["view"]["flow"], "a");
}

#[tokio::test]
async fn a_project_is_put_under_git_later() {
    let bench = Workbench::with_project().await;
    std::fs::remove_dir_all(bench.project().join(".git")).unwrap();
    assert_eq!(bench.fails("vcs_status", json!({})).await.code, "vcs/none");
    assert_eq!(bench.call("vcs_init", json!({})).await["branch"], "main");
    assert_eq!(bench.call("project_current", json!({})).await["versioned"], true);
}

#[tokio::test]
async fn a_repository_is_cloned_and_its_projects_are_found() {
    let bench = Workbench::with_project().await;
    committed(&bench).await;
    let elsewhere = bench.folder.path().join("clones/orders");
    let clone = json!({"url": bench.project().to_str().unwrap(), "path": elsewhere});
    let cloned = bench.call("vcs_clone", clone.clone()).await;
    assert_eq!(cloned["projects"].as_array().unwrap().len(), 1);
    let project = bench.call("project_open", json!({"path": cloned["projects"][0]})).await;
    assert_eq!(project["flows"][0]["name"], FLOW);
    assert_eq!(bench.fails("vcs_clone", clone).await.code, "vcs/exists");
    let nowhere = json!({"url": "/nowhere.git", "path": bench.folder.path().join("clones/none")});
    assert_eq!(bench.fails("vcs_clone", nowhere).await.code, "vcs/unreachable");
    assert!(!bench.folder.path().join("clones/none").exists());
}

#[tokio::test]
async fn credentials_are_kept_for_their_host_and_never_shown() {
    let bench = Workbench::with_project().await;
    let set = json!({"host": "Git.example.org", "kind": "token", "user": "ada", "secret": "hush-hush"});
    let kept = bench.call("git_set_credential", set).await;
    assert_eq!((&kept[0]["host"], &kept[0]["keptIn"]), (&json!("git.example.org"), &json!("file")));
    let view = bench.call("git_credentials", json!({"url": "git@git.example.org:team/x.git"})).await;
    assert_eq!((&view["host"], &view["ssh"]), (&json!("git.example.org"), &json!(true)));
    assert!(!view.to_string().contains("hush"), "{view}");
    let file = std::fs::read_to_string(bench.folder.path().join("config/git-hosts.json")).unwrap();
    assert!(!file.contains("hush"), "{file}");
    let missing = json!({"host": "git.example.org", "kind": "keyFile", "keyFile": "/nowhere/id_ed25519"});
    assert_eq!(bench.fails("git_set_credential", missing).await.code, "git-credential/key-file");
    assert_eq!(
        bench.fails("git_set_credential", json!({"host": "a/b", "kind": "token", "secret": "x"})).await.code,
        "git-credential/host"
    );
    let origin = bench.project().to_str().unwrap().to_owned();
    committed(&bench).await;
    assert_eq!(bench.call("git_test_access", json!({"url": origin})).await, json!(["main"]));
    assert_eq!(bench.call("git_forget_credential", json!({"host": "git.example.org"})).await, json!([]));
}
