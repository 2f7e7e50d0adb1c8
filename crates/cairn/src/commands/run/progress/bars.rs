//! Bars on a terminal for the components that run now: records so far, iterations so far.

use crate::output::counted;
use flow_engine::{RunEvent, RunEventKind};
use flow_model::ComponentId;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A bar for each component that runs, below the lines that were printed.
pub(super) struct Bars {
    /// None where nobody looks.
    screen: Option<MultiProgress>,
    running: Mutex<HashMap<ComponentId, ProgressBar>>,
}

impl Bars {
    /// Shown if `visible`.
    pub(super) fn new(visible: bool) -> Self {
        Self { screen: visible.then(MultiProgress::new), running: Mutex::default() }
    }

    /// Prints lines, above the bars.
    pub(super) fn below(&self, print: impl FnOnce()) {
        match &self.screen {
            Some(screen) => screen.suspend(print),
            None => print(),
        }
    }

    /// Moves the bar of the component that the event is about. What runs within iterations has none of its own.
    pub(super) fn follow(&self, seen: &RunEvent, name: impl Fn(&ComponentId) -> String) {
        let Some(screen) = &self.screen else { return };
        if !seen.iteration.is_empty() {
            return;
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match &seen.what {
            RunEventKind::ComponentStarted { component } => {
                let bar = screen.add(ProgressBar::new_spinner());
                bar.set_style(style("  {spinner} {prefix:<24} {elapsed:>9}  {msg}"));
                bar.set_prefix(name(component));
                bar.enable_steady_tick(Duration::from_millis(120));
                running.insert(component.clone(), bar);
            }
            RunEventKind::Progress { component, rows } => {
                if let Some(bar) = running.get(component) {
                    bar.set_message(counted(*rows, "record"));
                }
            }
            RunEventKind::Iterations { component, done, of } => {
                if let Some(bar) = running.get(component) {
                    if let Some(of) = of {
                        bar.set_style(style(
                            "  {spinner} {prefix:<24} {elapsed:>9}  {bar:20} {pos} of {len}, {eta} left",
                        ));
                        bar.set_length(*of);
                    } else {
                        bar.set_message(format!("{done} iterations"));
                    }
                    bar.set_position(*done);
                }
            }
            RunEventKind::ComponentFinished { component, .. }
            | RunEventKind::ComponentStopped { component, .. }
            | RunEventKind::ComponentFailed { component, .. } => {
                if let Some(bar) = running.remove(component) {
                    bar.finish_and_clear();
                }
            }
            RunEventKind::AttemptEnded { .. } => running.drain().for_each(|(_, bar)| bar.finish_and_clear()),
            _ => {}
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
