//! Durable waits: while one lasts, the rest of the flow goes on; when nothing else is left, the attempt ends and holds
//! no memory.

use super::{Attempt, Save};
use crate::RunEventKind;
use crate::resume::Wait;
use crate::schedule::Arrived;
use flow_components::WaitUntil;
use flow_store::{Level, SavedKind, Timestamp, event};
use std::time::Duration;

impl Attempt {
    /// A component asks to wait: its input becomes a saved point, with the time at which the wait is over.
    pub(super) fn begin_wait(&mut self, component: usize, arrived: &Arrived, until: WaitUntil) {
        let due = match until {
            WaitUntil::After(delay) => {
                self.engine.store.now().plus_ms(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
            }
            WaitUntil::At(time) => Timestamp(time),
        };
        self.save(Save { component, kind: SavedKind::Wait, delivery: arrived.delivery(), due: Some(due) });
    }

    /// The wait has begun. Its saved point is written with the end of the attempt, or at once if anything else goes on.
    pub(super) fn wait_until(&mut self, wait: Wait) {
        let message = format!("{} waits until {}", self.plan.components[wait.component].name, wait.due);
        self.log(Some(wait.component), Level::Info, event::WAITING, message);
        let remaining = self.engine.store.now().until(wait.due);
        let plan = &self.plan;
        self.engine.observe(&self.request, || RunEventKind::WaitStarted {
            component: plan.components[wait.component].id.clone(),
            remaining,
        });
        self.waits.push(wait);
        self.journal.want();
    }

    /// Takes a wait that is over.
    pub(super) fn next_wait_over(&mut self) -> Option<Wait> {
        if self.waits.is_empty() {
            return None;
        }
        let now = self.engine.store.now();
        let over = self.waits.iter().position(|wait| now.until(wait.due) == Duration::ZERO)?;
        Some(self.waits.swap_remove(over))
    }

    /// Goes on with a component whose wait is over.
    pub(super) fn go_on_after(&mut self, wait: Wait) {
        let message = format!("{}: the wait is over", self.plan.components[wait.component].name);
        self.log(Some(wait.component), Level::Info, "wait-over", message);
        self.launch(wait.component, wait.arrived, true);
    }
}
