//! Knowing the cluster's triggers, and firing what is due.

use super::{adopt, schedules};
use crate::state::App;
use flow_store::{StoreError, Timestamp};
use std::time::{Duration, Instant};

/// While much changes, triggers are looked at this often.
const GAP: Duration = Duration::from_millis(50);
/// Where nothing is due and nothing changes, they are looked at this often all the same.
const LONGEST: Duration = Duration::from_secs(30);
/// Whether versions have changed is looked at this often at the most.
const VERSIONS: Duration = Duration::from_secs(1);
/// How long to wait when the checkpoint database cannot be reached.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows the triggers for as long as the server lives.
pub async fn follow(app: &App) {
    let mut changes = app.store.changes();
    let (mut versions, mut reachable) = (None::<Instant>, true);
    loop {
        changes.borrow_and_update();
        let wait = match look(app, &mut versions).await {
            Ok(next) => {
                reachable = true;
                next.map_or(LONGEST, |next| app.store.now().until(next)).min(LONGEST)
            }
            Err(error) => {
                if std::mem::take(&mut reachable) {
                    tracing::warn!(code = error.code(), %error, "triggers cannot be looked at; trying again");
                }
                AGAIN
            }
        };
        // Where there are no triggers, only another version can bring some.
        let gap = if app.triggers.active().live().is_empty() { VERSIONS } else { GAP };
        tokio::select! {
            () = app.triggers.changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
            changed = changed(&mut changes, gap) => if !changed { return },
        }
    }
}

/// Some process has written; false if the store is closing.
async fn changed(changes: &mut tokio::sync::watch::Receiver<u64>, gap: Duration) -> bool {
    tokio::time::sleep(gap).await;
    changes.changed().await.is_ok()
}

/// Looks at everything; when to look again.
async fn look(app: &App, versions: &mut Option<Instant>) -> Result<Option<Timestamp>, StoreError> {
    let mut again = None;
    match versions.map(|at| VERSIONS.saturating_sub(at.elapsed())).filter(|left| !left.is_zero()) {
        // What has changed may be a version.
        Some(left) => again = Some(app.store.now().plus_ms(left.as_millis().try_into().unwrap_or(u64::MAX))),
        None => {
            adopt::adopt(app).await?;
            *versions = Some(Instant::now());
        }
    }
    let active = super::now(app).await?;
    if !app.may_fire() {
        // In maintenance, what is due meanwhile counts as missed once it ends, and each schedule says what becomes of that.
        // A server that stands back may act again at any moment, without a change of the database.
        let soon = u64::try_from(AGAIN.as_millis()).unwrap_or(u64::MAX);
        return Ok(Some(app.store.now().plus_ms(soon)));
    }
    let due = schedules::fire_due(app, &active).await?;
    Ok([again, due].into_iter().flatten().min())
}
