//! Durable waits: while one lasts, the rest of the flow goes on; when nothing else is left, the attempt ends and holds
//! no memory.

use super::save::{Save, Then};
use super::{Attempt, Done, From};
use crate::RunEventKind;
use crate::schedule::Arrived;
use crate::scope::At;
use flow_components::WaitUntil;
use flow_store::{Level, Timestamp, event};
use std::time::Duration;
use tokio::time::Instant;

/// A wait that has begun, with the input of the component that waits.
pub(super) struct Wait {
    pub(super) at: At,
    pub(super) due: Timestamp,
    pub(super) arrived: Arrived,
}

impl Attempt {
    /// A component asks to wait: its input becomes a saved point, with the time at which the wait is over.
    pub(super) fn asked_to_wait(&mut self, at: At, arrived: Arrived, until: WaitUntil) {
        let due = match until {
            WaitUntil::After(delay) => {
                self.engine.store.now().plus_ms(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
            }
            WaitUntil::At(time) => Timestamp(time),
        };
        self.save(Save::input(at, arrived, Then::Wait(due)));
    }

    /// The wait begins. Its saved point is written with the end of the attempt, or at once if anything else goes on. A
    /// wait that is not recorded keeps the attempt under way.
    pub(super) fn begin_wait(&mut self, at: At, due: Timestamp, arrived: Arrived, is_saved: bool) {
        if is_saved {
            self.wait_until(Wait { at, due, arrived });
            return self.journal.want();
        }
        let over = Instant::now() + self.engine.store.now().until(due);
        self.waiting += 1;
        self.push(at.scope, async move {
            tokio::time::sleep_until(over).await;
            Done::Waited(at, arrived)
        });
    }

    pub(super) fn wait_until(&mut self, wait: Wait) {
        let planned = self.scopes[wait.at.scope].component(wait.at.component);
        let (message, component) = (format!("{} waits until {}", planned.name, wait.due), planned.id.clone());
        self.log(Some(wait.at), Level::Info, event::WAITING, message);
        let remaining = self.engine.store.now().until(wait.due);
        self.tell(wait.at.scope, || RunEventKind::WaitStarted { component, remaining });
        self.waits.push(wait);
    }

    /// Takes a wait that is over.
    pub(super) fn next_wait_over(&mut self) -> Option<Wait> {
        if self.waits.is_empty() {
            return None;
        }
        let now = self.engine.store.now();
        let over = |wait: &Wait| now.until(wait.due) == Duration::ZERO && self.scopes.may_start(wait.at);
        let over = self.waits.iter().position(over)?;
        Some(self.waits.swap_remove(over))
    }

    /// When the next wait is over.
    pub(super) fn next_wait(&self) -> Option<Instant> {
        if self.is_ending() {
            return None;
        }
        let may_go_on = self.waits.iter().filter(|wait| self.scopes.may_start(wait.at));
        may_go_on.map(|wait| Instant::now() + self.engine.store.now().until(wait.due)).min()
    }

    /// Goes on with a component whose wait is over.
    pub(super) fn go_on_after(&mut self, wait: Wait) {
        self.watched.progress.moved();
        let message = format!("{}: the wait is over", self.scopes[wait.at.scope].component(wait.at.component).name);
        self.log(Some(wait.at), Level::Info, "wait-over", message);
        self.launch(wait.at, wait.arrived, From::Wait);
    }
}
