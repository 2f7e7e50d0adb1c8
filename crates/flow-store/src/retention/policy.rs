//! What to keep, and for how long.

use crate::{RequestState, Setting, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;

/// How long requests of one state are kept. What is not set means: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Keep {
    /// Milliseconds since its end after which a request is removed as a whole.
    pub age_ms: Option<u64>,
    /// How many requests are kept; of more, those that ended first are removed.
    pub number: Option<u64>,
    /// Milliseconds since its end after which a request's log and saved points are removed. The request stays in lists.
    pub details_ms: Option<u64>,
}

impl Keep {
    /// The time before which a request must have ended to be removed as a whole.
    pub fn ended_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.age_ms.map(|age| now.minus_ms(age))
    }

    /// The time before which a request must have ended to lose its log and saved points.
    pub fn details_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.details_ms.map(|age| now.minus_ms(age))
    }
}

/// How long requests that have ended are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetentionPolicy {
    /// Those that ended well.
    pub finished: Keep,
    /// Those that ended with an error.
    pub error: Keep,
    /// Those that a person ended.
    pub cancelled: Keep,
}

impl RetentionPolicy {
    /// The setting that each part of a policy comes from, with its meaning: keys are `retention.STATE.PART`.
    pub const PARTS: [(&'static str, &'static str); 3] = [
        ("days", "days after its end that a request is removed"),
        ("number", "how many requests are kept; of more, those that ended first are removed"),
        ("details_days", "days after its end that a request's log and saved points are removed"),
    ];

    /// What holds for each state in which a request has ended.
    pub fn keeps(&self) -> [(RequestState, Keep); 3] {
        [
            (RequestState::Finished, self.finished),
            (RequestState::Error, self.error),
            (RequestState::Cancelled, self.cancelled),
        ]
    }

    /// Whether everything is kept for ever.
    pub fn keeps_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The policy that the cluster's settings make: `retention.finished.days`, `retention.finished.number`,
    /// `retention.finished.details_days`, and the same for `error` and `cancelled`; see [`RetentionPolicy::PARTS`]. Days
    /// may have a fraction. A value that is no number, or none above zero, means: for ever.
    pub fn from_settings(settings: &[Setting]) -> Self {
        let number = |state: &str, part: &str| {
            let key = format!("retention.{state}.{part}");
            let found = settings.iter().find(|setting| setting.key == key)?;
            found.value.as_f64().filter(|number| number.is_finite() && *number > 0.0)
        };
        let keep = |state: &str| Keep {
            age_ms: number(state, "days").map(|days| (days * DAY_MS) as u64),
            number: number(state, "number").map(|number| number as u64),
            details_ms: number(state, "details_days").map(|days| (days * DAY_MS) as u64),
        };
        Self { finished: keep("finished"), error: keep("error"), cancelled: keep("cancelled") }
    }

    /// Whether `value` makes sense for the setting `key` of a policy; the reason if not.
    pub fn check_setting(key: &str, value: &Value) -> Result<(), String> {
        let part = key.rsplit('.').next().unwrap_or_default();
        match value.as_f64() {
            Some(number) if part == "number" && (number.fract() != 0.0 || number < 1.0) => {
                Err("give a whole number, 1 or more".to_owned())
            }
            Some(number) if number > 0.0 && number.is_finite() => Ok(()),
            _ => Err("give a number above zero; remove the setting to keep everything".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn setting(key: &str, value: Value) -> Setting {
        Setting { key: key.to_owned(), value, version: 1, by: "ann".to_owned(), at: Timestamp(0) }
    }

    #[test]
    fn settings_make_the_policy() {
        assert!(RetentionPolicy::from_settings(&[]).keeps_everything());
        let policy = RetentionPolicy::from_settings(&[
            setting("retention.finished.days", json!(30)),
            setting("retention.finished.details_days", json!(0.5)),
            setting("retention.error.number", json!(1000)),
            setting("retention.cancelled.days", json!("soon")),
            setting("retention.cancelled.number", json!(0)),
        ]);
        let finished = Keep { age_ms: Some(2_592_000_000), number: None, details_ms: Some(43_200_000) };
        let error = Keep { number: Some(1000), ..Keep::default() };
        assert_eq!(policy, RetentionPolicy { finished, error, cancelled: Keep::default() });
    }

    #[test]
    fn settings_that_make_no_sense_are_told() {
        assert!(RetentionPolicy::check_setting("retention.finished.days", &json!(0.5)).is_ok());
        for (key, value) in [("days", json!(0)), ("days", json!("x")), ("number", json!(1.5)), ("number", json!(-1))] {
            assert!(
                RetentionPolicy::check_setting(&format!("retention.error.{key}"), &value).is_err(),
                "{key} {value}"
            );
        }
    }
}
