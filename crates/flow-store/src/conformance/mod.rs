//! The test suite that every store must pass: what the traits promise, seen from outside. Each test gets a fresh store
//! that goes by a clock which the test moves.
//!
//! ```ignore
//! #[tokio::test]
//! async fn the_store_conforms() {
//!     flow_store::conformance::run_all(|clock| MyStore::with_clock(clock)).await;
//! }
//! ```

// A test says what it expects by ending when it is not so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod accounts;
mod cluster;
mod filters;
mod observed;
mod player;
mod projects;
mod queue;
#[cfg(feature = "conformance")]
mod random;
mod re_execution;
mod requests;
mod retention;
mod samples;
mod saved;
mod secrets;
mod servers;
mod steps;
mod takeover;
mod triggers;

use crate::{
    AttemptWrite, Level, LogEntry, ManualClock, NewRequest, NewServer, Owner, ProjectName, Request, RequestId,
    RequestSettings, SavedData, SavedKind, SavedPoint, ServerId, Store, Timestamp, VersionId,
};
use serde_json::json;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use observed::Observed;
pub use player::observe;
#[cfg(feature = "conformance")]
pub use random::random_steps;
pub use steps::Step;

/// A store under test and the clock that it goes by.
pub struct Fixture {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
}

/// A test of the suite.
pub type Test = fn(Fixture) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! tests {
    ($($module:ident: $($test:ident),* $(,)?;)*) => {
        /// The tests with their names.
        pub const TESTS: &[(&str, Test)] = &[$($((
            concat!(stringify!($module), "::", stringify!($test)),
            |fixture| Box::pin($module::$test(fixture)),
        ),)*)*];
    };
}

tests! {
    requests:
        a_request_without_owner_is_queued_and_claimed_once,
        a_request_with_owner_runs_from_the_start,
        an_idempotency_key_gives_the_first_request_again,
        requests_are_made_all_or_none,
        a_stale_fence_changes_nothing,
        a_failed_attempt_is_retried_when_it_is_due,
        an_error_that_allows_no_retry_ends_the_request,
        a_waiting_request_is_claimed_when_it_is_due,
        a_released_request_is_free_for_others,
        a_released_request_stays_where_others_may_not_go_on,
        claims_take_what_has_been_due_longest,
        a_cancelled_request_fences_its_attempt_off,
        requests_are_listed_by_filter_and_page,
        what_is_not_there_is_not_found;
    saved:
        saved_points_come_back_as_they_were_saved,
        log_entries_are_numbered_over_all_writes,
        attempts_are_read_in_pages_the_newest_first,
        going_back_brings_nothing_withdrawn_back_and_loses_nothing_that_stays;
    re_execution:
        re_execution_makes_the_receiving_server_the_owner,
        what_waits_for_its_retry_moves_to_another_server_only_when_its_own_is_gone,
        re_execution_goes_on_from_an_earlier_saved_point,
        re_execution_can_pin_a_request_to_another_version;
    filters:
        filters_by_error_text_and_time_can_be_combined,
        lists_and_counts_follow_every_change;
    queue:
        a_higher_priority_is_claimed_first,
        a_low_priority_does_not_wait_for_ever,
        flows_take_turns,
        a_limit_holds_everywhere_and_after_a_takeover,
        what_is_free_passes_what_waits_for_a_limit,
        a_limit_of_a_connection_counts_all_flows_that_use_it,
        what_an_operator_sets_holds_at_once,
        a_server_in_maintenance_claims_nothing_and_hands_over_what_waits;
    retention:
        old_requests_are_removed_by_age_and_number,
        logs_and_saved_points_may_go_sooner,
        a_key_is_free_again_when_its_request_is_gone;
    cluster:
        settings_are_made_changed_and_removed,
        a_setting_that_was_changed_since_it_was_seen_stays_as_it_is,
        one_at_a_time_has_a_turn,
        servers_on_another_storage_are_refused,
        a_copy_of_the_storage_is_refused_while_others_live_on_the_other,
        orphans_are_collected_and_nothing_else,
        orphans_are_collected_once_an_hour_whichever_servers_start;
    servers:
        each_start_has_its_own_epoch,
        servers_show_what_they_are_and_have,
        a_draining_server_claims_nothing,
        a_graceful_stop_gives_requests_back,
        a_stopped_server_is_refused,
        a_server_reports_about_itself,
        changes_are_seen;
    samples:
        a_sample_comes_with_each_report,
        the_last_sample_of_each_step_is_told,
        samples_are_thinned_and_go_after_a_day,
        takeovers_are_remembered_for_a_day;
    takeover:
        requests_with_other_server_retry_go_to_the_survivor,
        requests_without_other_server_retry_stay,
        what_waited_keeps_its_due_time,
        only_the_earliest_survivor_takes_over,
        the_dead_owner_is_fenced_off,
        takeovers_neither_spend_nor_reset_retries,
        the_third_takeover_without_progress_is_an_error,
        a_saved_point_ends_the_row_of_takeovers,
        a_restarted_server_recovers_its_own_requests,
        a_restarted_server_finds_what_stayed_its_own,
        a_person_takes_a_running_request_from_its_owner,
        a_stalled_attempt_is_marked_and_found;
    projects:
        a_project_has_an_active_version_and_a_wanted_commit,
        a_project_moves_to_another_repository,
        version_files_are_kept_for_good,
        servers_tell_which_version_they_have;
    triggers:
        triggers_change_over_when_every_running_server_has_the_version,
        a_trigger_that_changes_or_comes_back_begins_anew,
        a_trigger_fires_once_for_each_key,
        what_one_server_alone_can_run_is_not_made_while_that_takes_nothing,
        what_one_server_alone_can_run_is_made_once_its_limits_have_room,
        firings_and_claims_at_once_keep_to_a_limit,
        many_servers_that_fire_at_once_make_one_request,
        what_a_trigger_has_reached_never_goes_back,
        a_trigger_that_is_off_fires_only_by_hand,
        firings_made_elsewhere_are_noted,
        old_firings_are_forgotten_and_lasting_ones_are_not,
        requests_are_found_by_when_they_ended;
    secrets:
        secrets_belong_to_a_connection_of_a_project,
        a_secret_is_replaced_and_removed;
    accounts:
        accounts_are_made_once,
        what_changes_who_may_call_is_noticed,
        one_administrator_is_always_left,
        tokens_count_until_they_are_revoked_or_expire,
        sessions_count_until_they_end_or_expire,
        a_disabled_account_can_do_nothing,
        a_one_time_password_is_known_as_one,
        a_session_is_extended_while_it_is_used,
        an_account_keeps_filters_and_secrets_of_its_own,
        the_audit_trail_is_read_backwards,
        the_audit_trail_is_filtered,
        the_making_of_requests_is_in_the_audit_trail_with_them;
}

/// Runs the whole suite; `make` makes a fresh store that goes by the clock. Ends the test at the first failure, having
/// printed the name of what failed.
pub async fn run_all(make: impl Fn(Arc<ManualClock>) -> Arc<dyn Store>) {
    for (name, test) in TESTS {
        println!("{name}");
        let clock = Arc::new(ManualClock::default());
        test(Fixture { store: make(clock.clone()), clock }).await;
    }
}

impl Fixture {
    /// A server of this name has started.
    pub(crate) async fn server(&self, name: &str) -> Owner {
        self.store.register(new_server(name)).await.unwrap()
    }

    /// A request, running at `owner` or queued.
    pub(crate) async fn request(&self, owner: Option<&Owner>, settings: RequestSettings) -> Request {
        self.store.create_request(new_request(settings), owner.cloned()).await.unwrap().request
    }

    pub(crate) async fn get(&self, id: RequestId) -> Request {
        self.store.get(id).await.unwrap()
    }

    /// The current attempt saves a Checkpoint of this name.
    pub(crate) async fn save(&self, request: &Request, name: &str) {
        let write = AttemptWrite { saved: vec![checkpoint(request, name)], log: vec![] };
        self.store.write(request.id, request.fence, write).await.unwrap();
    }

    /// The events in the log of a request.
    pub(crate) async fn events(&self, id: RequestId) -> Vec<String> {
        let log = self.store.log(id, 0, 1000).await.unwrap();
        log.into_iter().map(|numbered| numbered.entry.event.into_owned()).collect()
    }
}

/// A server of this name.
pub fn new_server(name: &str) -> NewServer {
    NewServer {
        id: ServerId::parse(name).unwrap(),
        name: format!("Server {name}"),
        address: format!("http://{name}"),
        pid: 4711,
        process_start: 815,
        lock_path: format!("/locks/{name}"),
    }
}

/// A request of the flow `import` of `orders`.
pub fn new_request(settings: RequestSettings) -> NewRequest {
    NewRequest {
        project: ProjectName::parse("orders").unwrap(),
        version: VersionId::parse("v1").unwrap(),
        flow: "import".to_owned(),
        trigger: "api".to_owned(),
        requested_by: "ann".to_owned(),
        inputs: json!({"day": "2026-01-31", "limit": 12.5}),
        settings,
        idempotency_key: None,
    }
}

/// Settings of a flow that another server may go on with.
pub fn anywhere() -> RequestSettings {
    RequestSettings { other_server_retry: true, ..RequestSettings::default() }
}

/// Settings of a flow that only its own server may go on with.
pub(crate) fn here_only() -> RequestSettings {
    RequestSettings::default()
}

pub(crate) fn checkpoint(request: &Request, name: &str) -> SavedPoint {
    SavedPoint {
        kind: SavedKind::Checkpoint,
        component: format!("checkpoint-{name}"),
        name: name.to_owned(),
        iteration: String::new(),
        attempt: request.attempt,
        data: SavedData::Inline(b"stream".as_slice().into()),
        variables: json!({}),
        outlets: vec![],
        due: None,
        rows: 3,
        at: Timestamp(5),
    }
}

pub(crate) fn log_entry(attempt: u32, event: &str, at: i64) -> LogEntry {
    LogEntry {
        at: Timestamp(at),
        attempt,
        server: "Server a".into(),
        level: Level::Info,
        component: Some("map-1".into()),
        event: event.to_owned().into(),
        message: format!("about “{event}”"),
    }
}
