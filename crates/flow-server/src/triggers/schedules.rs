//! Firing what schedules have due.

use super::active::{Active, Live};
use crate::state::App;
use flow_cluster::{Due, MissedRuns, Planned, plan};
use flow_model::{Missed, Schedule, TriggerAction};
use flow_store::{NewFiring, StoreError, Timestamp};
use serde_json::Value;

/// A trigger's schedule, on the time line of the checkpoint database.
struct OnTimeLine<'a> {
    schedule: &'a Schedule,
    trigger: &'a str,
}

impl Due for OnTimeLine<'_> {
    fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.schedule.next_after(moment.0).map(Timestamp)
    }

    fn delay_ms(&self, due: Timestamp) -> u64 {
        self.schedule.delay_ms(self.trigger, due.0)
    }

    fn grace_ms(&self) -> u64 {
        self.schedule.grace_ms
    }

    fn missed_runs(&self) -> MissedRuns {
        match self.schedule.missed {
            Missed::Skip => MissedRuns::Skip,
            Missed::Once => MissedRuns::Once,
            Missed::All => MissedRuns::All,
        }
    }
}

/// Fires all that is due; when the next is.
pub async fn fire_due(app: &App, active: &Active) -> Result<Option<Timestamp>, StoreError> {
    let mut next: Option<Timestamp> = None;
    for (live, action) in active.firing() {
        let TriggerAction::Schedule(schedule) = action else { continue };
        let schedule = OnTimeLine { schedule, trigger: &live.open.trigger.id };
        let plan = plan(&schedule, live.state.reached, app.store.now());
        for planned in &plan.now {
            fire(app, live, *planned).await?;
        }
        next = [next, plan.next].into_iter().flatten().min();
    }
    Ok(next)
}

async fn fire(app: &App, live: &Live, planned: Planned) -> Result<(), StoreError> {
    let (due, missed, fires) = match planned {
        Planned::Fire { due, missed } => (due, missed, true),
        Planned::Miss { due, missed } => (due, missed, false),
    };
    let brought = [("due", Value::from(due.to_string()))];
    let request = if fires { live.open.request("trigger", &brought) } else { Err(String::new()) };
    if let Err(problem) = request.as_ref()
        && fires
    {
        tracing::warn!(project = %live.open.project, trigger = live.open.trigger.name, "a due time is given up: {problem}");
    }
    let missed = missed + u64::from(fires && request.is_err());
    let firing = live.open.firing(due, request.ok());
    super::fire(app, live, NewFiring { key: due.to_string(), reached: Some(due), missed, ..firing }).await?;
    Ok(())
}
