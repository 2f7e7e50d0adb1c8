//! Whether this machine's clock can be right. Nobody's life goes by a clock, and what is due goes by that of the checkpoint
//! database, so a server with a wrong clock works; but somebody should know. Whoever starts a server is there to set it right,
//! so one whose clock is hours off does not start; one that runs goes on. With SQLite the machine's clock is the database's: that
//! it is behind shows in what was written, and that it is ahead nothing on the machine can tell.

use crate::ServeError;
use flow_store::{Owner, Store, StoreError, Timestamp};
use std::fmt;
use std::time::Duration;

/// What is worth a word, in milliseconds. Joining takes a while, too.
const FAR_MS: u64 = 60_000;
/// With what no server starts, in milliseconds.
const REFUSED_MS: u64 = 3_600_000;

/// What is wrong with it.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    /// It is ahead of the database's.
    Ahead(Duration),
    /// It is behind the database's.
    Behind(Duration),
    /// It is the database's, and was ahead by so much when something was written.
    SetBack(Duration),
}

/// Refuses a clock that is so far from the database's, or so far behind what is in there, that it must be wrong, or was.
pub(crate) async fn check(store: &dyn Store, machine: Timestamp) -> Result<(), ServeError> {
    let wrong = match Wrong::beyond(REFUSED_MS, store.now(), machine) {
        Some(wrong) => Some(wrong),
        None => set_back(store, machine, REFUSED_MS).await?,
    };
    wrong.map_or(Ok(()), |wrong| Err(ServeError::Clock(wrong.to_string())))
}

/// Tells the log about a clock that is far from the database's, or behind what is in there. `own` has just joined.
pub(crate) async fn tell_if_wrong(store: &dyn Store, own: Option<Owner>) {
    let Some(own) = own else { return };
    match look(store, &own, Timestamp::of_this_machine()).await {
        Ok(Some(wrong)) => tracing::warn!(code = "serve/clock", "{wrong}"),
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "this machine's clock cannot be compared"),
    }
}

async fn look(store: &dyn Store, own: &Owner, machine: Timestamp) -> Result<Option<Wrong>, StoreError> {
    let servers = store.servers().await?;
    let Some(joined) = servers.iter().find(|server| server.owner() == *own).map(|server| server.started) else {
        return Ok(None);
    };
    if let Some(wrong) = Wrong::beyond(FAR_MS, joined, machine) {
        return Ok(Some(wrong));
    }
    set_back(store, joined, FAR_MS).await
}

/// Whether servers left something behind, as they worked, that is at least so many milliseconds later than `now`.
async fn set_back(store: &dyn Store, now: Timestamp, ms: u64) -> Result<Option<Wrong>, StoreError> {
    let samples = store.samples(now.plus_ms(ms), 0).await?;
    Ok(samples.last().map(|newest| Wrong::SetBack(now.until(newest.at))))
}

impl Wrong {
    /// Whether the machine's clock differs from the database's by more than so many milliseconds.
    fn beyond(ms: u64, database: Timestamp, machine: Timestamp) -> Option<Self> {
        if database > machine.plus_ms(ms) {
            return Some(Self::Behind(machine.until(database)));
        }
        (database.plus_ms(ms) < machine).then(|| Self::Ahead(database.until(machine)))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead(off) | Self::Behind(off) => {
                let way = if matches!(self, Self::Ahead(_)) { "ahead of" } else { "behind" };
                let off = Spoken(*off);
                write!(
                    f,
                    "this machine's clock is {off} {way} that of the checkpoint database. What is due goes by the \
                     database's, so nothing comes early or late; the times in this server's own log and the ends of \
                     certificates go by this machine's: set it right (or the database's, if that is the wrong one), and let NTP or \
                     chrony keep it"
                )
            }
            Self::SetBack(off) => {
                let off = Spoken(*off);
                write!(
                    f,
                    "something in the checkpoint database was written {off} later than this machine's clock shows now: \
                     it was set back, or was ahead before. What became due by that time comes as much too late \
                     (`cairn request list --state WaitingForRetry` shows it, and `cairn request re-execute ID` goes on \
                     at once; a schedule does when its trigger is switched off and on). If the clock is wrong now, set it \
                     right, and let NTP or chrony keep it"
                )
            }
        }
    }
}

/// A time as a person says it, to the nearest minute: between joining and looking some of it went by.
struct Spoken(Duration);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = (self.0.as_secs() + 30) / 60;
        match (minutes / 60, minutes % 60) {
            (0, minutes) => write!(f, "{minutes} min"),
            (hours, minutes) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_store::{
        Clock as _, Figures, ManualClock, MemoryStore, NewServer, RequestStore as _, ServerId, ServerReport,
        ServerStore as _,
    };
    use std::sync::Arc;

    const HOURS_MS: i64 = 3 * 3600 * 1000;

    async fn joined(store: &MemoryStore) -> Owner {
        let id = ServerId::parse("one").unwrap();
        let address = "http://127.0.0.1:1".to_owned();
        let (name, lock_path) = ("one".to_owned(), String::new());
        store.register(NewServer { id, name, address, pid: 1, process_start: 1, lock_path }).await.unwrap()
    }

    #[tokio::test]
    async fn a_clock_that_is_hours_off_is_told_and_one_that_is_right_is_not() {
        let clock = Arc::new(ManualClock::default());
        let store = MemoryStore::with_clock(clock.clone());
        let own = joined(&store).await;
        let now = clock.now();
        assert_eq!(look(&store, &own, now.plus_ms(5_000)).await.unwrap(), None);
        let off = Duration::from_secs(3 * 3600);
        let ahead = Timestamp(now.0 + HOURS_MS);
        assert_eq!(look(&store, &own, ahead).await.unwrap(), Some(Wrong::Ahead(off)));
        let behind = Timestamp(now.0 - HOURS_MS);
        let told = look(&store, &own, behind).await.unwrap().unwrap();
        assert_eq!(told, Wrong::Behind(off));
        assert!(told.to_string().contains("3 h 0 min behind"), "{told}");
        let looked_late = behind.plus_ms(20_000);
        let told = look(&store, &own, looked_late).await.unwrap().unwrap();
        assert!(told.to_string().contains("3 h 0 min behind"), "{told}");
    }

    #[tokio::test]
    async fn a_server_starts_with_a_clock_that_is_minutes_off_and_not_with_one_that_is_hours_off() {
        let store = MemoryStore::with_clock(Arc::new(ManualClock::default()));
        let database = store.now();
        for minutes in [-59, 0, 59] {
            check(&store, Timestamp(database.0 + minutes * 60_000)).await.unwrap();
        }
        for (off, way) in [(-HOURS_MS, "behind"), (HOURS_MS, "ahead of")] {
            let refused = check(&store, Timestamp(database.0 + off)).await.unwrap_err();
            let text = refused.to_string();
            assert_eq!(refused.code(), "serve/clock");
            assert!(["3 h 0 min", way, "NTP", "--clock-check off"].iter().all(|part| text.contains(part)), "{text}");
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_is_told_by_what_is_in_the_database() {
        let clock = Arc::new(ManualClock::default());
        let store = MemoryStore::with_clock(clock.clone());
        let own = joined(&store).await;
        clock.advance_ms(HOURS_MS);
        let report = ServerReport { version: "1.0.0".to_owned(), resident_bytes: 1 };
        store.report(&own, report, Figures::default()).await.unwrap();
        store.terminate(&own).await.unwrap();
        let written = clock.now();
        clock.advance_ms(-30 * 60_000);
        check(&store, clock.now()).await.unwrap();
        clock.advance_ms(30 * 60_000 - HOURS_MS);
        let refused = check(&store, clock.now()).await.unwrap_err();
        let text = refused.to_string();
        assert_eq!((refused.code(), written.0 - clock.now().0), ("serve/clock", HOURS_MS));
        assert!(text.contains("3 h 0 min later") && text.contains("--clock-check off"), "{text}");
        let own = joined(&store).await;
        let told = look(&store, &own, clock.now()).await.unwrap();
        assert_eq!(told, Some(Wrong::SetBack(Duration::from_secs(3 * 3600))));
    }
}
