//! Git hosts that ask who is there: real ones, for https and for ssh.

use super::{go, sign_in};
use flow_api::{GitAccessTest, GitCredentialKind, NewGitCredential, ProjectChange, TestResult, Update};
use std::path::Path;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::cluster::{PASSWORD, ServerProcess, TestCluster};
use system_tests::git_host::{HttpsGitHost, SshGitHost};
use system_tests::project::TestProject;

async fn tried(server: &ServerProcess, repository: &str) -> Result<TestResult, flow_api::ClientError> {
    let branch = Some("main".to_owned());
    server.client.test_git_credentials(&GitAccessTest { repository: repository.to_owned(), branch }).await
}

/// Two servers whose own account knows of the git hosts what `home` and `authority` say.
fn cluster(folder: &Path, home: &Path, authority: Option<&Path>) -> TestCluster {
    let mut environment = vec![("HOME".to_owned(), home.to_string_lossy().into_owned())];
    environment.extend(authority.map(|file| ("SSL_CERT_FILE".to_owned(), file.to_string_lossy().into_owned())));
    TestCluster::start_in(folder, &["first", "second"], &environment)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_set_in_the_console_lets_every_server_in_over_https() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = TestProject::sample(folder.path(), "http://127.0.0.1:1");
    let host = HttpsGitHost::start(folder.path(), "anna", "a token for git").await;
    let repository = host.url("orders.git");
    let cluster = cluster(folder.path(), folder.path(), Some(&host.authority));
    let server = cluster.server("first");
    let console = Browser::chromium().await;
    go(&console, &server.address, "/account").await?;
    sign_in(&console, "admin", PASSWORD).await;

    let test = async |wanted: &str, said: &str| {
        console.fill("Test the access to a repository", &repository).await;
        console.fill("Git branch", "main").await;
        console.click("form[aria-label=\"Test the access to a repository\"] button").await;
        console.shows(&test_id(wanted), said).await;
    };
    let set = async |opener: &str, token: &str| {
        console.press(opener).await;
        if opener.starts_with("Add") {
            console.fill("Host", &host.host).await;
        }
        console.fill("Name to sign in with", "anna").await;
        console.fill("Token or password", token).await;
        console.press("Set the credential").await;
        console.gone("[role=dialog]").await;
    };
    test("notice", "vcs/auth").await;
    set("Add a credential …", "not the token").await;
    test("notice", "vcs/auth").await;
    set(&format!("Replace … the credential for {}", host.host), "a token for git").await;
    test("test-works", "The git branch main is at").await;
    console.picture("console-git-host").await;
    let page = console.page.source().await?;
    assert!(!page.contains("a token for git"), "it never comes out");

    cluster.install("orders", Path::new(&repository)).await;
    project.write("flows/another.flow.json", &project.read("flows/order-import.flow.json"));
    project.commit_and_push("Add another flow");
    let second = cluster.server("second");
    second.client.update("orders", &Update::default()).await?;
    assert!(second.client.flows("orders").await?.iter().any(|flow| flow.name == "another"));

    // Another host gets nothing of it, even under a name for the same machine.
    let elsewhere = repository.replace("localhost", "127.0.0.1");
    let change = ProjectChange { repository: Some(elsewhere), ..ProjectChange::default() };
    server.client.change_project("orders", &change).await?;
    let refused = server.client.test_project_access("orders").await?;
    assert!(!refused.works, "{refused:?}");
    for name in ["first", "second"] {
        assert!(!cluster.log_of(name).contains("a token for git"), "nor into the log");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_https_host_of_an_authority_that_nobody_trusts_is_told_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    TestProject::sample(folder.path(), "http://127.0.0.1:1");
    let host = HttpsGitHost::start(folder.path(), "anna", "a token for git").await;
    let cluster = cluster(folder.path(), folder.path(), None);
    let server = cluster.server("first");
    let token = NewGitCredential {
        host: host.host.clone(),
        kind: GitCredentialKind::Token,
        user: Some("anna".to_owned()),
        secret: "a token for git".to_owned(),
        passphrase: None,
    };
    server.client.set_git_credential(&token).await?;
    let refused = tried(server, &host.url("orders.git")).await?;
    assert_eq!((refused.works, refused.code.as_deref()), (false, Some("vcs/certificate")), "{}", refused.message);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lets_every_server_in_over_ssh_and_only_at_a_host_that_is_known() -> Tested {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    std::fs::create_dir_all(home.join(".ssh"))?;
    let project = TestProject::sample(folder.path(), "http://127.0.0.1:1");
    let host = SshGitHost::start(folder.path()).await;
    let repository = host.url(&project.remote);
    let cluster = cluster(folder.path(), &home, None);
    let server = cluster.server("first");
    let set = async |secret: &str, passphrase: Option<&str>| {
        let key = NewGitCredential {
            host: host.host.clone(),
            kind: GitCredentialKind::SshKey,
            user: None,
            secret: secret.to_owned(),
            passphrase: passphrase.map(str::to_owned),
        };
        server.client.set_git_credential(&key).await
    };
    set(&host.key, None).await?;

    // A host that nobody has vouched for, and one that shows another key than the one that is known.
    let unknown = tried(server, &repository).await?;
    assert_eq!((unknown.works, unknown.code.as_deref()), (false, Some("vcs/certificate")), "{}", unknown.message);
    let known_hosts = home.join(".ssh/known_hosts");
    let other = SshGitHost::make_key(folder.path(), "another_host_key", "").with_extension("pub");
    let other = std::fs::read_to_string(other)?;
    let (name, _) = host.known_as.split_once(' ').expect("its name");
    std::fs::write(&known_hosts, format!("{name} {other}"))?;
    let changed = tried(server, &repository).await?;
    assert_eq!((changed.works, changed.code.as_deref()), (false, Some("vcs/certificate")), "{}", changed.message);

    std::fs::write(&known_hosts, &host.known_as)?;
    let works = tried(server, &repository).await?;
    assert!(works.works, "{works:?}");
    let stranger = std::fs::read_to_string(SshGitHost::make_key(folder.path(), "stranger", "hush"))?;
    set(&stranger, Some("hush")).await?;
    let refused = tried(server, &repository).await?;
    assert_eq!((refused.works, refused.code.as_deref()), (false, Some("vcs/auth")), "{}", refused.message);

    set(&host.key, None).await?;
    cluster.install("orders", Path::new(&repository)).await;
    for name in ["first", "second"] {
        assert!(!cluster.server(name).client.flows("orders").await?.is_empty(), "{name} has fetched it");
    }
    Ok(())
}
