//! When a schedule is due: a cron pattern by the clock of a time zone, without the days that are left out.
//!
//! Where clocks are put forward, a set time of day that does not exist is due as soon as it is over; where they are put
//! back, a set time of day that comes twice is due the first time. Patterns with `*` in hour, minute or second go by the
//! time that passes, so they are due in both.

use super::TriggerError;
use crate::calendar::Day;
use croner::parser::{CronParser, Seconds};
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan, Zoned};

/// So many excluded days in a row are looked beyond.
const FARTHEST: usize = 4000;

/// What happens to due times that passed while nobody could fire them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missed {
    /// They are only counted.
    #[default]
    Skip,
    /// One request stands for all of them.
    Once,
    /// Each gets its request.
    All,
}

/// When something is due, again and again.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: croner::Cron,
    zone: TimeZone,
    except: Vec<Day>,
    /// What happens to what was missed.
    pub missed: Missed,
    /// So many milliseconds late, a due time is not yet missed.
    pub grace_ms: u64,
    /// Requests start up to so many milliseconds later.
    pub jitter_ms: u64,
}

impl Schedule {
    /// A schedule by `pattern` in `zone`, for the trigger `name`. It skips what was missed.
    pub(super) fn parse(name: &str, pattern: &str, zone: &str, except: Vec<Day>) -> Result<Self, TriggerError> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = parser.parse(pattern.trim()).map_err(|error| TriggerError::Cron {
            name: name.to_owned(),
            pattern: pattern.to_owned(),
            reason: error.to_string().trim_end_matches('.').to_owned(),
        })?;
        let unknown = |_| TriggerError::TimeZone { name: name.to_owned(), zone: zone.to_owned() };
        let zone = TimeZone::get(zone.trim()).map_err(unknown)?;
        Ok(Self { cron, zone, except, missed: Missed::Skip, grace_ms: 60_000, jitter_ms: 0 })
    }

    /// The first due time after `after`, both in milliseconds since 1970 (UTC); none if nothing will ever be due again.
    pub fn next_after(&self, after: i64) -> Option<i64> {
        let mut from = Timestamp::from_millisecond(after).ok()?.to_zoned(self.zone.clone());
        let mut inclusive = false;
        for _ in 0..FARTHEST {
            let due = self.next(&from, inclusive)?;
            if !self.except.iter().any(|day| day.is(due.date())) {
                let due = due.timestamp().as_millisecond();
                // A pattern counts whole seconds.
                return (due > after).then_some(due).or_else(|| self.next_after(after.checked_add(1000)?));
            }
            from = start_of(due.date().checked_add(1.day()).ok()?, &self.zone)?;
            inclusive = true;
        }
        None
    }

    /// The first due time after `from`, or at it, on whatever day.
    fn next(&self, from: &Zoned, inclusive: bool) -> Option<Zoned> {
        let pattern = &self.cron.pattern;
        if [&pattern.seconds, &pattern.minutes, &pattern.hours].into_iter().any(|field| field.from_wildcard) {
            return self.cron.find_next_occurrence(from, inclusive).ok();
        }
        // Looked for by the clock alone: croner takes a list of set times for something that goes by the time that passes.
        let (mut shown, mut may_be_now) = (from.datetime(), inclusive);
        loop {
            shown = self.cron.find_next_occurrence(&shown, may_be_now).ok()?;
            may_be_now = false;
            let due = self.first_shown(shown)?;
            if due > *from || (inclusive && due == *from) {
                return Some(due);
            }
        }
    }

    /// When the zone's clock shows this for the first time; where it never does, when it first shows something later.
    fn first_shown(&self, time: DateTime) -> Option<Zoned> {
        let found = self.zone.to_ambiguous_zoned(time);
        let is_left_out = matches!(found.offset(), AmbiguousOffset::Gap { .. });
        let earlier = found.earlier().ok()?;
        if !is_left_out {
            return Some(earlier);
        }
        let put_forward = self.zone.following(earlier.timestamp()).next()?;
        Some(put_forward.timestamp().to_zoned(self.zone.clone()))
    }

    /// The due times after `after` up to `until`, oldest first, at most `most` of them.
    pub fn due(&self, after: i64, until: i64, most: usize) -> Vec<i64> {
        let next = |from: &i64| self.next_after(*from).filter(|due| *due <= until);
        std::iter::successors(next(&after), next).take(most).collect()
    }

    /// How much later than it is due a request starts: another time for each due time, and the same wherever it is
    /// asked for. `seed` tells triggers apart.
    pub fn delay_ms(&self, seed: &str, due: i64) -> u64 {
        if self.jitter_ms == 0 {
            return 0;
        }
        // FNV-1a, which is the same in every release.
        let bytes = seed.bytes().chain(due.to_le_bytes());
        let hash =
            bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        (hash >> 16) % (self.jitter_ms + 1)
    }

    /// What the pattern means, in words: “At 06:30, on Monday to Friday.”
    pub fn in_words(&self) -> String {
        self.cron.describe()
    }

    /// A due time as its time zone's clock shows it: `Mon 4 May 2026, 06:30 +02:00`.
    pub fn shown(&self, due: i64) -> String {
        let shown = |due: Timestamp| {
            let local = due.to_zoned(self.zone.clone());
            let seconds = if local.second() == 0 { "" } else { ":%S" };
            local.strftime(&format!("%a %-d %b %Y, %H:%M{seconds} %:z")).to_string()
        };
        Timestamp::from_millisecond(due).map(shown).unwrap_or_default()
    }
}

/// The first moment of a day; clocks may be put forward at midnight.
fn start_of(day: Date, zone: &TimeZone) -> Option<Zoned> {
    let midnight: DateTime = day.at(0, 0, 0, 0);
    zone.to_ambiguous_zoned(midnight).compatible().ok()
}
