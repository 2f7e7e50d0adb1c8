//! The commands on calendars: the days on which the project's schedules leave out what would be due.

use crate::background::blocking;
use crate::project::ProjectView;
use crate::{Command, CommandError, Designer};
use flow_model::Calendar;
use flow_project::ProjectError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use ts_rs::TS;

/// A calendar as its file says. Errors: `calendar/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct CalendarView {
    /// Its name.
    pub name: String,
}

/// The answer of `calendar_view`.
#[derive(Debug, Serialize, TS)]
pub struct CalendarDetails {
    /// The calendar; null when its file cannot be read.
    pub calendar: Option<Calendar>,
    /// Why its file cannot be read, if so.
    pub problem: Option<String>,
    /// What is worth knowing of it: that all of its days are over.
    pub warning: Option<String>,
}

impl Command for CalendarView {
    const NAME: &'static str = "calendar_view";
    type Output = CalendarDetails;

    async fn run(self, designer: Arc<Designer>) -> Result<CalendarDetails, CommandError> {
        let project = designer.project()?;
        blocking(move || match project.files().calendar(&self.name) {
            Ok(calendar) => {
                let warning = calendar.past(now()).map(|error| error.to_string());
                Ok(CalendarDetails { calendar: Some(calendar), problem: None, warning })
            }
            Err(error @ ProjectError::Calendar(_)) => {
                Ok(CalendarDetails { calendar: None, problem: Some(error.to_string()), warning: None })
            }
            Err(error) => Err(error.into()),
        })
        .await
    }
}

/// Writes a calendar's file. Errors: `calendar/exists` for a new one whose name is taken.
#[derive(Debug, Deserialize, TS)]
pub struct CalendarSave {
    /// The calendar.
    pub calendar: Calendar,
    /// Whether it is a new one.
    #[serde(default)]
    pub create: bool,
}

impl Command for CalendarSave {
    const NAME: &'static str = "calendar_save";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let project = designer.project()?;
        let changed = Arc::clone(&project);
        blocking(move || Ok(project.files().save_calendar(&self.calendar, self.create)?)).await?;
        designer.files_changed(&changed)
    }
}

/// Deletes a calendar's file. Errors: `calendar/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct CalendarDelete {
    /// Its name.
    pub name: String,
}

impl Command for CalendarDelete {
    const NAME: &'static str = "calendar_delete";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let project = designer.project()?;
        let changed = Arc::clone(&project);
        blocking(move || Ok(project.files().delete_calendar(&self.name)?)).await?;
        designer.files_changed(&changed)
    }
}

/// The time by the clock of this machine, in milliseconds since 1970 (UTC).
pub(crate) fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}
