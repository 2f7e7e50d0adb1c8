//! Accounts, tokens, sessions and the audit trail.

use super::{Fixture, anywhere, new_request};
use crate::{
    AuditEntry, AuditFilter, MadeRequests, NewAccount, NewRequest, NewSession, NewToken, Role, SavedFilter, TokenId,
};
use std::collections::BTreeSet;

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
    store.set_password("ann", "new", false).await.unwrap();
    assert_eq!(store.credentials("ann").await.unwrap().unwrap().password_hash, "new");
    assert_eq!(store.set_password("nobody", "new", false).await.unwrap_err().code(), "store/not-found");
}

pub(super) async fn what_changes_who_may_call_is_noticed(fixture: Fixture) {
    let store = &fixture.store;
    let mut known = store.accounts_version().await.unwrap();
    let mut is_new = async || {
        let before = std::mem::replace(&mut known, store.accounts_version().await.unwrap());
        before != known
    };
    account(&fixture, "root", Role::Administrator).await;
    assert!(is_new().await, "an account was made");
    account(&fixture, "ann", Role::Author).await;
    is_new().await;
    store.set_role("ann", Role::Viewer).await.unwrap();
    assert!(is_new().await, "a role was changed");
    store.set_password("ann", "new", true).await.unwrap();
    assert!(is_new().await, "a password was changed");
    let token = store.create_token(token("ann", "hash")).await.unwrap();
    is_new().await;
    store.revoke_token(token.id).await.unwrap();
    assert!(is_new().await, "a token was revoked");
    session(&fixture, "ann", "secret", 1000).await;
    is_new().await;
    assert!(!is_new().await, "nothing was changed");
    store.end_session("secret").await.unwrap();
    assert!(is_new().await, "a session was ended");
    store.set_disabled("ann", true).await.unwrap();
    assert!(is_new().await, "an account was disabled");
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
    store.set_password("ann", "new", false).await.unwrap();
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
    let newest = store.audit_trail(&AuditFilter { limit: 2, ..AuditFilter::default() }).await.unwrap();
    assert_eq!(newest.iter().map(|record| record.entry.clone()).collect::<Vec<_>>(), [entry("3"), entry("2")]);
    assert_eq!(newest[0].at, store.now());
    let older = AuditFilter { before: Some(newest[1].number), ..AuditFilter::default() };
    let older = store.audit_trail(&older).await.unwrap();
    assert_eq!(older.iter().map(|record| record.entry.clone()).collect::<Vec<_>>(), [entry("1")]);
}

pub(super) async fn the_audit_trail_is_filtered(fixture: Fixture) {
    let store = &fixture.store;
    let mut at = Vec::new();
    for (account, action, subject, detail) in [
        ("ann", "login", "ann", ""),
        ("bob", "request-cancelled", "7", "50% done_"),
        ("ann", "request-cancelled", "8", "too late"),
        ("bob", "login", "bob", "Refused"),
    ] {
        fixture.clock.advance_ms(10);
        at.push(store.now());
        let text = |text: &str| text.to_owned();
        let (account, action, subject) = (text(account), text(action), text(subject));
        store.audit(AuditEntry { account, action, subject, detail: text(detail), address: text("::1") }).await.unwrap();
    }
    let found = async |filter: AuditFilter| {
        let found = store.audit_trail(&filter).await.unwrap();
        assert!(found.iter().all(|record| filter.matches(record)), "{found:?}");
        found.iter().map(|record| at.iter().position(|at| *at == record.at).unwrap()).collect::<Vec<_>>()
    };
    let (all, some) = (AuditFilter::default(), |text: &str| Some(text.to_owned()));
    assert_eq!(found(AuditFilter { account: some("ann"), ..all.clone() }).await, [2, 0]);
    assert_eq!(found(AuditFilter { action: some("login"), ..all.clone() }).await, [3, 0]);
    assert_eq!(found(AuditFilter { subject: some("7"), ..all.clone() }).await, [1]);
    assert_eq!(found(AuditFilter { text: some("REFUSED"), ..all.clone() }).await, [3]);
    assert_eq!(found(AuditFilter { text: some("0% "), ..all.clone() }).await, [1]);
    assert_eq!(found(AuditFilter { text: some("e_"), ..all.clone() }).await, [1], "no pattern, just text");
    assert_eq!(found(AuditFilter { text: some("::"), ..all.clone() }).await, [3, 2, 1, 0]);
    assert_eq!(found(AuditFilter { from: Some(at[1]), to: Some(at[3]), ..all.clone() }).await, [2, 1]);
    assert_eq!(found(AuditFilter { account: some("bob"), limit: 1, ..all }).await, [3]);
}

pub(super) async fn a_one_time_password_is_known_as_one(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "ann", Role::Viewer).await;
    let one_time = async || store.credentials("ann").await.unwrap().unwrap().one_time;
    assert!(!one_time().await);
    store.set_password("ann", "made by somebody else", true).await.unwrap();
    assert!(one_time().await);
    store.set_password("ann", "her own", false).await.unwrap();
    assert!(!one_time().await);
}

pub(super) async fn a_session_is_extended_while_it_is_used(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "ann", Role::Viewer).await;
    session(&fixture, "ann", "s1", 100).await;
    store.extend_session("s1", store.now().plus_ms(500)).await.unwrap();
    fixture.clock.advance_ms(400);
    let (session, _) = store.session_account("s1").await.unwrap().unwrap();
    assert_eq!(session.expires, store.now().plus_ms(100));
    fixture.clock.advance_ms(100);
    assert!(store.session_account("s1").await.unwrap().is_none());
    let error = store.extend_session("nobody's", store.now()).await.unwrap_err();
    assert_eq!(error.code(), "store/not-found");
}

pub(super) async fn an_account_keeps_filters_and_secrets_of_its_own(fixture: Fixture) {
    let store = &fixture.store;
    account(&fixture, "ann", Role::Viewer).await;
    account(&fixture, "bob", Role::Viewer).await;
    let filter = |name: &str, query: &str| SavedFilter { name: name.to_owned(), query: query.to_owned() };
    store.put_saved_filter("ann", filter("late", "state=Waiting")).await.unwrap();
    store.put_saved_filter("ann", filter("failed", "state=Error")).await.unwrap();
    store.put_saved_filter("ann", filter("late", "state=WaitingForRetry")).await.unwrap();
    let expected = [filter("failed", "state=Error"), filter("late", "state=WaitingForRetry")];
    assert_eq!(store.saved_filters("ann").await.unwrap(), expected);
    assert_eq!(store.saved_filters("bob").await.unwrap(), []);
    assert!(store.remove_saved_filter("ann", "late").await.unwrap());
    assert!(!store.remove_saved_filter("ann", "late").await.unwrap());

    for sealed in ["one", "two"] {
        store.put_account_secret("ann", "git.example.com", sealed.into()).await.unwrap();
        let secrets = store.account_secrets("ann").await.unwrap();
        let secrets: Vec<_> =
            secrets.iter().map(|kept| (kept.field.as_str(), &kept.sealed[..], kept.updated)).collect();
        assert_eq!(secrets, [("git.example.com", sealed.as_bytes(), store.now())]);
    }
    assert_eq!(store.account_secrets("bob").await.unwrap(), []);
    assert!(store.remove_account_secret("ann", "git.example.com").await.unwrap());
    assert!(!store.remove_account_secret("ann", "git.example.com").await.unwrap());
    let codes = [
        store.saved_filters("nobody").await.unwrap_err().code(),
        store.put_saved_filter("nobody", filter("late", "")).await.unwrap_err().code(),
        store.remove_saved_filter("nobody", "late").await.unwrap_err().code(),
        store.account_secrets("nobody").await.unwrap_err().code(),
        store.put_account_secret("nobody", "x", "y".into()).await.unwrap_err().code(),
        store.remove_account_secret("nobody", "x").await.unwrap_err().code(),
    ];
    assert_eq!(codes, ["store/not-found"; 6]);
}

pub(super) async fn the_making_of_requests_is_in_the_audit_trail_with_them(fixture: Fixture) {
    let store = &fixture.store;
    let entry = |account: &str| AuditEntry {
        account: account.to_owned(),
        action: "requests-created".to_owned(),
        subject: "orders/import".to_owned(),
        detail: String::new(),
        address: "127.0.0.1".to_owned(),
    };
    let with_key = |key: &str| {
        let mut new = new_request(anywhere());
        new.idempotency_key = Some(key.to_owned());
        new
    };
    let mut told_of = BTreeSet::new();
    for (account, keys) in [("ann", vec!["1", "2"]), ("zoë", vec!["3"]), ("ann", vec!["4"]), ("ann", vec!["4"])] {
        let new: Vec<_> = keys.into_iter().map(with_key).collect();
        let made = store.create_requests(new, None, Some(entry(account))).await.unwrap();
        told_of.extend(made.into_iter().map(|created| (account.to_owned(), created.request.id)));
        // What failed is not told of.
        let failing = vec![with_key("5"), NewRequest { flow: "export".to_owned(), ..with_key("1") }];
        store.create_requests(failing, None, Some(entry(account))).await.unwrap_err();
    }
    fixture.clock.advance_ms(MadeRequests::TOGETHER_MS + 1);
    let last = store.create_requests(vec![with_key("6")], None, Some(entry("ann"))).await.unwrap()[0].request.id;
    let trail = store.audit_trail(&AuditFilter::default()).await.unwrap();
    // One entry or several: together they tell of each request once.
    assert_eq!((trail[0].entry.account.as_str(), trail[0].entry.detail.clone()), ("ann", last.to_string()));
    let count = |account: &str| -> usize {
        let details = trail.iter().filter(|record| record.entry.account == account).map(|record| &record.entry.detail);
        details.map(|detail| detail.split_once(" requests").map_or(1, |(count, _)| count.parse().unwrap())).sum()
    };
    assert_eq!((count("ann"), count("zoë")), (4, 1), "{trail:?}");
    assert_eq!(told_of.len(), 4);
}
