//! Accounts, tokens, sessions and the audit trail.

use super::Fixture;
use crate::{AuditEntry, NewAccount, NewSession, NewToken, Role, TokenId};

async fn account(fixture: &Fixture, name: &str, role: Role) {
    let new = NewAccount { name: name.to_owned(), role, password_hash: format!("$argon2id${name}") };
    fixture.store.create_account(new).await.unwrap();
}

async fn session(fixture: &Fixture, account: &str, hash: &str, ms: u64) {
    let expires = fixture.store.now().plus_ms(ms);
    let new = NewSession { account: account.to_owned(), hash: hash.to_owned(), expires };
    fixture.store.create_session(new).await.unwrap();
}

fn token(account: &str, hash: &str) -> NewToken {
    NewToken { account: account.to_owned(), name: "build".to_owned(), hash: hash.to_owned(), expires: None }
}

pub(super) async fn accounts_are_made_once(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "zoë", Role::Viewer).await;
    account(&fixture, "ann", Role::Author).await;
    let again = NewAccount { name: "ann".to_owned(), role: Role::Viewer, password_hash: String::new() };
    assert_eq!(store.create_account(again).await.unwrap_err().code(), "store/conflict");
    let accounts = store.accounts().await.unwrap();
    let seen: Vec<_> = accounts.iter().map(|account| (account.name.as_str(), account.role)).collect();
    assert_eq!(seen, [("ann", Role::Author), ("zoë", Role::Viewer)]);
    let credentials = store.credentials("ann").await.unwrap().unwrap();
    assert_eq!((credentials.account, credentials.password_hash.as_str()), (accounts[0].clone(), "$argon2id$ann"));
    assert!(store.credentials("nobody").await.unwrap().is_none());
    store.set_password("ann", "new").await.unwrap();
    assert_eq!(store.credentials("ann").await.unwrap().unwrap().password_hash, "new");
    assert_eq!(store.set_password("nobody", "new").await.unwrap_err().code(), "store/not-found");
}

pub(super) async fn one_administrator_is_always_left(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "root", Role::Administrator).await;
    account(&fixture, "ann", Role::Author).await;
    assert_eq!(store.set_role("root", Role::Viewer).await.unwrap_err().code(), "store/conflict");
    assert_eq!(store.set_disabled("root", true).await.unwrap_err().code(), "store/conflict");
    store.set_disabled("ann", true).await.unwrap();
    store.set_role("ann", Role::Administrator).await.unwrap();
    let error = store.set_role("root", Role::Viewer).await.unwrap_err();
    assert_eq!(error.code(), "store/conflict", "a disabled administrator is none");
    store.set_disabled("ann", false).await.unwrap();
    store.set_role("root", Role::Viewer).await.unwrap();
    assert_eq!(store.accounts().await.unwrap()[1].role, Role::Viewer);
    assert_eq!(store.set_role("nobody", Role::Viewer).await.unwrap_err().code(), "store/not-found");
}

pub(super) async fn tokens_count_until_they_are_revoked_or_expire(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "ann", Role::Operator).await;
    account(&fixture, "zoë", Role::Viewer).await;
    let kept = store.create_token(token("ann", "h1")).await.unwrap();
    let expires = Some(store.now().plus_ms(1000));
    let short = store.create_token(NewToken { expires, ..token("ann", "h2") }).await.unwrap();
    let others = store.create_token(token("zoë", "h3")).await.unwrap();
    assert_eq!(store.create_token(token("ann", "h1")).await.unwrap_err().code(), "store/conflict");
    assert_eq!(store.create_token(token("nobody", "h4")).await.unwrap_err().code(), "store/not-found");
    let (found, account) = store.token_account("h1").await.unwrap().unwrap();
    assert_eq!((found, account.name.as_str(), account.role), (kept.clone(), "ann", Role::Operator));
    assert!(store.token_account("h2").await.unwrap().is_some());
    assert!(store.token_account("nothing").await.unwrap().is_none());
    fixture.clock.advance_ms(1000);
    assert!(store.token_account("h2").await.unwrap().is_none(), "expired");
    store.revoke_token(kept.id).await.unwrap();
    store.revoke_token(kept.id).await.unwrap();
    assert!(store.token_account("h1").await.unwrap().is_none(), "revoked");
    assert_eq!(store.revoke_token(TokenId(404)).await.unwrap_err().code(), "store/not-found");
    let ids = |tokens: Vec<crate::Token>| tokens.into_iter().map(|token| token.id).collect::<Vec<_>>();
    assert_eq!(ids(store.tokens(None).await.unwrap()), [others.id, short.id, kept.id]);
    let of_ann = store.tokens(Some("ann")).await.unwrap();
    assert_eq!(of_ann[1].revoked, Some(store.now()));
    assert_eq!(ids(of_ann), [short.id, kept.id]);
}

pub(super) async fn sessions_count_until_they_end_or_expire(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "ann", Role::Viewer).await;
    session(&fixture, "ann", "s1", 1000).await;
    session(&fixture, "ann", "s2", 9000).await;
    session(&fixture, "ann", "s3", 9000).await;
    let (found, account) = store.session_account("s1").await.unwrap().unwrap();
    assert_eq!((found.account.as_str(), account.name.as_str()), ("ann", "ann"));
    assert_eq!(found.expires, store.now().plus_ms(1000));
    fixture.clock.advance_ms(1000);
    assert!(store.session_account("s1").await.unwrap().is_none(), "expired");
    store.end_session("s2").await.unwrap();
    assert!(store.session_account("s2").await.unwrap().is_none(), "ended");
    assert!(store.session_account("s3").await.unwrap().is_some());
    store.set_password("ann", "new").await.unwrap();
    assert!(store.session_account("s3").await.unwrap().is_none(), "a new password ends them all");
    let new = NewSession { account: "nobody".to_owned(), hash: "s4".to_owned(), expires: store.now() };
    assert_eq!(store.create_session(new).await.unwrap_err().code(), "store/not-found");
}

pub(super) async fn a_disabled_account_can_do_nothing(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "ann", Role::Viewer).await;
    session(&fixture, "ann", "s1", 9000).await;
    store.create_token(token("ann", "h1")).await.unwrap();
    store.set_disabled("ann", true).await.unwrap();
    assert!(store.token_account("h1").await.unwrap().is_none());
    assert!(store.session_account("s1").await.unwrap().is_none());
    assert!(store.credentials("ann").await.unwrap().unwrap().account.disabled);
    store.set_disabled("ann", false).await.unwrap();
    assert!(store.token_account("h1").await.unwrap().is_some());
    assert!(store.session_account("s1").await.unwrap().is_none(), "the session has ended for good");
}

pub(super) async fn the_audit_trail_is_read_backwards(fixture: Fixture) {
    let store = &fixture.store;
    let entry = |subject: &str| AuditEntry {
        account: "ann".to_owned(),
        action: "request-cancelled".to_owned(),
        subject: subject.to_owned(),
        detail: String::new(),
        address: "127.0.0.1".to_owned(),
    };
    for subject in ["1", "2", "3"] {
        fixture.clock.advance_ms(1);
        store.audit(entry(subject)).await.unwrap();
    }
    let newest = store.audit_trail(None, 2).await.unwrap();
    assert_eq!(newest.iter().map(|record| record.entry.clone()).collect::<Vec<_>>(), [entry("3"), entry("2")]);
    assert_eq!(newest[0].at, store.now());
    let older = store.audit_trail(Some(newest[1].number), 9).await.unwrap();
    assert_eq!(older.iter().map(|record| record.entry.clone()).collect::<Vec<_>>(), [entry("1")]);
}
