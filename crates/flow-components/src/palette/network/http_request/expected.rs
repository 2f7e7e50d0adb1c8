//! Which statuses are no error.

use reqwest::StatusCode;

/// Statuses that are no error: single ones and whole classes.
pub(super) struct ExpectedStatus(Vec<(u16, u16)>);

impl ExpectedStatus {
    /// None at all.
    pub(super) fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Parses `2xx, 404`; gives the part that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let ranges = text.split(',').map(str::trim).map(|part| {
            let wrong = || part.to_owned();
            if let Some(class) = part.strip_suffix("xx").or_else(|| part.strip_suffix("XX")) {
                let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class)).ok_or_else(wrong)?;
                return Ok((class * 100, class * 100 + 99));
            }
            let status: u16 = part.parse().ok().filter(|status| (100..600).contains(status)).ok_or_else(wrong)?;
            Ok((status, status))
        });
        ranges.collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// Whether the status is no error.
    pub(super) fn holds(&self, status: StatusCode) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&status.as_u16()))
    }
}
