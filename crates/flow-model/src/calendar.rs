//! Calendars: days on which schedules leave out what would be due. A project keeps each in `calendars/NAME.json`, and any
//! number of its triggers may go by one.

mod document;
mod merge;

#[cfg(test)]
mod tests;

pub(crate) use document::schema;

use crate::{DocumentError, FlowName, InvalidName};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use ts_rs::TS;

/// The folder of a project's calendars.
const FOLDER: &str = "calendars/";
/// How the name of a calendar's file ends.
const ENDING: &str = ".json";
/// How a day is written.
const DAY_RULE: &str = "write 2026-12-25, or 12-25 for every year";
/// Where a day ends last, clocks are so many milliseconds behind UTC.
const FARTHEST_BEHIND: i64 = 12 * 60 * 60 * 1000;

/// The calendars of a project that can be read, by name.
pub type Calendars = BTreeMap<String, Calendar>;

/// A day that schedules leave out, of one year (`2026-12-25`) or of every year (`12-25`), by the clock of each schedule.
/// Those of every year come first, then the others by date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct Day {
    year: Option<i16>,
    month: i8,
    day: i8,
}

/// Days on which nothing is due, kept in `calendars/NAME.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Calendar {
    /// Its name, which triggers refer to: the file name without `.json`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The days: `2026-12-25`, or `12-25` in every year.
    pub days: BTreeSet<Day>,
}

/// What is wrong with a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Its file cannot be read.
    #[error("calendar “{name}”: {problem}")]
    Document {
        /// The calendar.
        name: String,
        /// What is wrong with its file.
        problem: DocumentError,
    },
    /// All of its days are over.
    #[error("calendar “{name}”: its last day was {last}, and no schedule leaves out any more; add the days to come")]
    Past {
        /// The calendar.
        name: String,
        /// Its last day.
        last: Day,
    },
}

impl CalendarError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document { .. } => "calendar/document",
            Self::Past { .. } => "calendar/past",
        }
    }

    /// Whether the calendar can be used all the same.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Past { .. })
    }

    /// The member of the file that it is about.
    pub fn member(&self) -> Option<&'static str> {
        match self {
            Self::Document { .. } => None,
            Self::Past { .. } => Some("days"),
        }
    }
}

impl Day {
    /// Reads `2026-12-25` or `12-25`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName { what: "day", given: text.to_owned(), rule: DAY_RULE };
        Self::read(text).ok_or_else(invalid)
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.trim().split('-').collect();
        let number = |text: &str, digits: usize| {
            (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<i16>().ok())?
        };
        let (year, month, day) = match parts.as_slice() {
            [year, month, day] => (Some(number(year, 4)?), number(month, 2)?, number(day, 2)?),
            [month, day] => (None, number(month, 2)?, number(day, 2)?),
            _ => return None,
        };
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        // 2024 has a 29 February, so a day of every year may be one.
        Date::new(year.unwrap_or(2024), month, day).ok()?;
        Some(Self { year, month, day })
    }

    /// Whether `date` is this day.
    pub(crate) fn is(self, date: Date) -> bool {
        self.year.is_none_or(|year| year == date.year()) && self.month == date.month() && self.day == date.day()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(year) = self.year {
            write!(f, "{year:04}-")?;
        }
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl Calendar {
    /// Whether `text` may be the name of a calendar; the rule is that of a flow's name.
    pub fn check_name(text: &str) -> Result<(), InvalidName> {
        FlowName::parse(text).map(drop).map_err(|error| InvalidName { what: "calendar name", ..error })
    }

    /// Where the file of the calendar `name` is, relative to the project's folder.
    pub fn path_of(name: &str) -> String {
        format!("{FOLDER}{name}{ENDING}")
    }

    /// The name of the calendar whose file is at `path` (relative to the project, with `/`), if it is a calendar's file.
    pub fn name_in(path: &str) -> Option<&str> {
        let name = path.strip_prefix(FOLDER)?.strip_suffix(ENDING)?;
        Self::check_name(name).ok().map(|()| name)
    }

    /// The calendars among files of a project, each with its name: those that cannot be read with what is wrong.
    pub fn all_in<'a>(
        files: impl IntoIterator<Item = (&'a String, &'a [u8])>,
    ) -> impl Iterator<Item = (&'a str, Result<Self, CalendarError>)> {
        files.into_iter().filter_map(|(path, content)| {
            let name = Self::name_in(path)?;
            Some((name, Self::from_json(name, &String::from_utf8_lossy(content))))
        })
    }

    /// What is wrong if all of its days are over, everywhere, at `now`, in milliseconds since 1970 (UTC). A calendar without
    /// days has none that could be.
    pub fn past(&self, now: i64) -> Option<CalendarError> {
        let is_of_every_year = |day: &Day| day.year.is_none();
        let last = self.days.last().filter(|_| !self.days.iter().any(is_of_every_year))?;
        let latest = Timestamp::from_millisecond(now.checked_sub(FARTHEST_BEHIND)?).ok()?;
        let today = latest.to_zoned(TimeZone::UTC).date();
        let date = Date::new(last.year?, last.month, last.day).ok()?;
        (date < today).then(|| CalendarError::Past { name: self.name.clone(), last: *last })
    }
}
