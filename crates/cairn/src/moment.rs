//! Moments as a person types them: `2026-03-01`, `2026-03-01T12:00`, or how long ago: `90m`, `2h`, `3d`.

use flow_api::Time;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use std::str::FromStr;

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(Timestamp);

impl Moment {
    /// As the API writes it.
    pub fn time(self) -> Time {
        Time(self.0)
    }

    fn parse(text: &str, now: &Zoned) -> Result<Self, String> {
        let failed = |why: String| {
            format!("“{text}” is not a time ({why}): give one like 2026-03-01T12:00, or how long ago, like 90m or 3d")
        };
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self(at));
        }
        if let Ok(at) = text.parse::<DateTime>() {
            let zoned = at.to_zoned(now.time_zone().clone()).map_err(|error| failed(error.to_string()))?;
            return Ok(Self(zoned.timestamp()));
        }
        let ago: Span = text.parse().map_err(|error: jiff::Error| failed(error.to_string()))?;
        let at = now.checked_sub(ago.abs()).map_err(|error| failed(error.to_string()))?;
        Ok(Self(at.timestamp()))
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, &Zoned::now())
    }
}

/// A moment of the past in the user's time zone, to the millisecond.
pub fn clock(time: Time) -> String {
    time.0.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// How long something took or takes, in at most two units: `340 ms`, `2.1 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
pub fn lasting(ms: i64) -> String {
    let s = ms / 1000;
    match ms {
        ..1000 => format!("{} ms", ms.max(0)),
        1000..60_000 => format!("{}.{} s", s, ms % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", s / 60, s % 60),
        3_600_000..86_400_000 => format!("{} h {} min", s / 3600, s / 60 % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        let now: Zoned = "2026-03-10T12:00:00+01:00[Europe/Vienna]".parse().unwrap();
        let at = |text: &str| Moment::parse(text, &now).map(|moment| moment.0.to_string());
        assert_eq!(at("2026-03-01").unwrap(), "2026-02-28T23:00:00Z", "midnight where the user is");
        assert_eq!(at("2026-03-01T12:00").unwrap(), "2026-03-01T11:00:00Z");
        assert_eq!(at("2026-03-01T12:00:00Z").unwrap(), "2026-03-01T12:00:00Z");
        assert_eq!(at("90m").unwrap(), "2026-03-10T09:30:00Z");
        assert_eq!(at("3d").unwrap(), "2026-03-07T11:00:00Z");
        assert!(at("yesterday").unwrap_err().contains("90m or 3d"));
    }

    #[test]
    fn a_duration_is_told_in_at_most_two_units() {
        let told = [0, 340, 2150, 185_000, 7_800_000, 273_600_000].map(lasting);
        assert_eq!(told, ["0 ms", "340 ms", "2.1 s", "3 min 5 s", "2 h 10 min", "3 d 4 h"]);
    }
}
