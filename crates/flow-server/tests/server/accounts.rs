//! Accounts in the hands of administrators, and what belongs to one account alone.

use crate::harness::{Cluster, PASSWORD, until};
use flow_api::{
    AccountChange, AuditQuery, Client, GitAccessTest, GitCredentialKind, Login, NewGitCredential, Role, SavedFilter,
};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_password_that_an_administrator_made_must_be_changed_before_anything_else() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    cluster.account("anna", Role::Operator).await;
    assert_eq!(administrator.reset_password("nobody").await.unwrap_err().code(), "account/not-found");
    let made = administrator.reset_password("anna").await.unwrap();
    assert!(!format!("{made:?}").contains(&made.password), "it shows in no log");

    let login = |password: &str| Login { name: "anna".to_owned(), password: password.to_owned() };
    let sign_in = async |password: &str| Client::sign_in(&server.at.address, &login(password), "test").await;
    assert_eq!(sign_in(PASSWORD).await.unwrap_err().code(), "auth/wrong-password");
    assert_eq!(sign_in(&made.password).await.unwrap_err().code(), "auth/password-expired");
    let replace = async |old: &str, new: &str| Client::replace_password(&server.at.address, &login(old), new).await;
    assert_eq!(replace(&made.password, &made.password).await.unwrap_err().code(), "account/weak-password");
    replace(&made.password, "a new horse in the stable").await.unwrap();
    let (client, _) = sign_in("a new horse in the stable").await.unwrap();
    assert!(client.servers().await.is_ok());

    let trail = administrator.audit(&AuditQuery { q: Some("anna".to_owned()), ..AuditQuery::default() }).await.unwrap();
    assert!(trail.items.iter().any(|record| record.action == "password-reset" && record.account == "administrator"));
    server.stop().await;
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_the_audit_trail_is_read_page_by_page() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let administrator = cluster.client(&server, Role::Administrator).await;
    let operator = cluster.client(&server, Role::Operator).await;
    assert!(operator.servers().await.is_ok());
    let disable = AccountChange { disabled: Some(true), role: None };
    assert!(administrator.change_account("operator", &disable).await.unwrap().disabled);
    assert_eq!(operator.servers().await.unwrap_err().code(), "auth/required");
    for role in [Role::Author, Role::Viewer] {
        administrator.change_account("operator", &AccountChange { role: Some(role), disabled: None }).await.unwrap();
    }

    let mut query = AuditQuery { action: Some("role-set".to_owned()), limit: Some(1), ..AuditQuery::default() };
    let newest = administrator.audit(&query).await.unwrap();
    assert_eq!((newest.items.len(), newest.items[0].detail.as_str()), (1, "Viewer"));
    query.after = newest.next;
    let older = administrator.audit(&query).await.unwrap();
    assert_eq!(older.items[0].detail, "Author");
    let nobody = AuditQuery { account: Some("nobody".to_owned()), ..AuditQuery::default() };
    assert_eq!(administrator.audit(&nobody).await.unwrap().items, []);
    server.stop().await;
}

#[tokio::test]
async fn what_one_server_takes_away_counts_on_every_other_at_once() {
    let cluster = Cluster::new();
    let (first, second) = (cluster.start("first").await, cluster.start("second").await);
    let administrator = cluster.client(&first, Role::Administrator).await;
    let refused = async |client: &Client, code: &str| {
        // Without the notice of the change, what the second server knows would count for a minute.
        let begun = Instant::now();
        until("the other server has noticed", async || client.audit(&AuditQuery::default()).await.err()).await;
        assert!(begun.elapsed() < Duration::from_secs(30), "only when it looked again");
        assert_eq!(client.servers().await.err().map(|error| error.code().to_owned()).unwrap_or_default(), code);
    };

    let revoked = cluster.client(&second, Role::Administrator).await;
    assert!(revoked.audit(&AuditQuery::default()).await.is_ok());
    let token = administrator.tokens().await.unwrap()[0].id;
    administrator.revoke_token(token).await.unwrap();
    refused(&revoked, "auth/required").await;

    cluster.account("anna", Role::Administrator).await;
    let login = Login { name: "anna".to_owned(), password: PASSWORD.to_owned() };
    let (anna, _) = Client::sign_in(&second.at.address, &login, "test").await.unwrap();
    assert!(anna.audit(&AuditQuery::default()).await.is_ok());
    administrator.change_account("anna", &AccountChange { role: Some(Role::Viewer), disabled: None }).await.unwrap();
    refused(&anna, "").await;
    administrator.change_account("anna", &AccountChange { role: None, disabled: Some(true) }).await.unwrap();
    until("the other server has noticed", async || anna.servers().await.err()).await;
    assert_eq!(anna.servers().await.unwrap_err().code(), "auth/required");
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn filters_belong_to_their_account() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let viewer = cluster.client(&server, Role::Viewer).await;
    let filter = |query: &str| SavedFilter { name: "Failed imports".to_owned(), query: query.to_owned() };
    viewer.save_filter(&filter("state=Error")).await.unwrap();
    let kept = viewer.save_filter(&filter("state=Error&flow=import")).await.unwrap();
    assert_eq!(kept, [filter("state=Error&flow=import")], "one of a name");
    assert_eq!(cluster.client(&server, Role::Operator).await.saved_filters().await.unwrap(), []);
    viewer.remove_filter("Failed imports").await.unwrap();
    assert_eq!(viewer.remove_filter("Failed imports").await.unwrap_err().code(), "filter/not-found");
    server.stop().await;
}

#[tokio::test]
async fn git_credentials_go_in_and_never_come_out() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let author = cluster.client(&server, Role::Author).await;
    let new = NewGitCredential {
        host: "Git.Example.org".to_owned(),
        kind: GitCredentialKind::Token,
        user: Some("anna".to_owned()),
        secret: "tok-hush-hush".to_owned(),
        passphrase: None,
    };
    let kept = author.set_git_credential(&new).await.unwrap();
    assert_eq!((kept[0].host.as_str(), kept[0].kind), ("git.example.org", GitCredentialKind::Token));
    assert_eq!(kept[0].user.as_deref(), Some("anna"));
    let no_key = NewGitCredential { kind: GitCredentialKind::SshKey, ..new.clone() };
    assert_eq!(author.set_git_credential(&no_key).await.unwrap_err().code(), "input/invalid");
    let shown = format!("{kept:?} {new:?} {:?}", cluster.store.audit_trail(&Default::default()).await.unwrap());
    assert!(!shown.contains("hush"), "{shown}");
    for entry in std::fs::read_dir(cluster.folder.path()).unwrap().map(Result::unwrap) {
        if entry.path().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            assert!(!bytes.windows(9).any(|part| part == b"hush-hush"), "{:?} holds the secret", entry.path());
        }
    }
    author.remove_git_credential("git.example.org").await.unwrap();
    let again = author.remove_git_credential("git.example.org").await.unwrap_err();
    assert_eq!(again.code(), "git/credential-not-found");

    let test = |repository: &std::path::Path, branch: Option<&str>| GitAccessTest {
        repository: repository.display().to_string(),
        branch: branch.map(str::to_owned),
    };
    let project = crate::harness::TestProject::new(&cluster);
    assert!(author.test_git_credentials(&test(project.remote(), Some("main"))).await.unwrap().works);
    let missing = author.test_git_credentials(&test(project.remote(), Some("release"))).await.unwrap();
    assert_eq!((missing.works, missing.code.as_deref()), (false, Some("vcs/no-such-branch")));
    let nowhere = author.test_git_credentials(&test(&cluster.path("nowhere.git"), None)).await.unwrap();
    assert_eq!((nowhere.works, nowhere.code.as_deref()), (false, Some("vcs/unreachable")));
    server.stop().await;
}
