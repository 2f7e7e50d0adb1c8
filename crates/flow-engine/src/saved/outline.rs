//! What a request has saved, read from the newest saved point back. Of what happened inside of an iteration nothing is
//! kept once the iteration is known to have finished, so a ForEach may have millions of them.

use super::finished::Finished;
use crate::EngineError;
use flow_store::{PointPlace, RequestId, RequestStore, SavedKind, SavedOutline};
use std::collections::HashMap;

/// So many outlines are read at a time.
const PAGE: usize = 4096;

/// The saved points of a request without what finished iterations make void, the newest part first. A new part begins
/// behind each withdrawal, since that forgets what is older.
#[derive(Clone)]
pub(crate) struct Outline {
    pub(crate) parts: Vec<Part>,
}

/// Saved points between two withdrawals.
#[derive(Clone, Default)]
pub(crate) struct Part {
    /// The iterations that finished, by the path of their ForEach.
    pub(crate) finished: HashMap<String, Finished>,
    /// All else, the newest first. If a withdrawal is among them, it is the first.
    pub(crate) points: Vec<SavedOutline>,
}

impl Default for Outline {
    fn default() -> Self {
        Self { parts: vec![Part::default()] }
    }
}

impl Outline {
    /// Reads all that a request has saved.
    pub(crate) async fn read(store: &dyn RequestStore, request: RequestId) -> Result<Self, EngineError> {
        let mut outline = Self::default();
        let mut before: Option<PointPlace> = None;
        loop {
            let page = store.saved_outlines(request, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(outline) };
            before = Some(last.place);
            page.into_iter().for_each(|point| outline.add(point));
        }
    }

    /// Takes in a point that is older than all before.
    pub(crate) fn add(&mut self, point: SavedOutline) {
        if self.is_void(&point.iteration) {
            return;
        }
        if point.kind == SavedKind::Withdrawn {
            self.parts.push(Part::default());
        }
        let Some(part) = self.parts.last_mut() else { return };
        match finished_iteration(&point) {
            Some((of, number)) => {
                let result = Some(point.place).filter(|_| point.has_stream);
                match part.finished.get_mut(of) {
                    Some(finished) => finished.add(number, result),
                    None => part.finished.entry(of.to_owned()).or_default().add(number, result),
                }
            }
            None => part.points.push(point),
        }
    }

    /// Whether a path leads into an iteration that is known to have finished.
    fn is_void(&self, path: &str) -> bool {
        let mut iterations = path.match_indices('[').filter_map(|(at, _)| {
            let (number, _) = path[at + 1..].split_once(']')?;
            Some((&path[..at], number.parse().ok()?))
        });
        iterations.any(|(of, number)| {
            self.parts.iter().any(|part| part.finished.get(of).is_some_and(|finished| finished.contains(number)))
        })
    }
}

/// If a point says that an iteration has finished: the path of its ForEach, and its number.
fn finished_iteration(point: &SavedOutline) -> Option<(&str, u64)> {
    let (of, number) =
        point.iteration.strip_suffix(']').filter(|_| point.kind == SavedKind::Completed)?.rsplit_once('[')?;
    let id = of.rsplit('/').next().unwrap_or(of);
    Some((of, number.parse().ok()?)).filter(|_| id == point.component)
}
