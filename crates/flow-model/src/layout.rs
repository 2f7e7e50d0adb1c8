//! A place on the canvas for components that have none, as in a file written by hand.

use crate::{ComponentId, Flow, Link, LinkPlace, Position};
use std::collections::HashMap;

/// From one column of components to the next, in canvas units.
const COLUMN: f64 = 272.0;
/// From one row of components to the next.
const ROW: f64 = 128.0;
/// From the corner of the canvas to the first component.
const MARGIN: f64 = 40.0;

impl Flow {
    /// Gives every component without a position one, by its distance from the components of its body (or the top level)
    /// that nothing leads to, so that every component of a flow has exactly one position.
    pub fn place_missing(&mut self) {
        if self.components.keys().all(|id| self.layout.contains_key(id)) {
            return;
        }
        let columns = self.columns();
        let mut rows: HashMap<(Option<&ComponentId>, usize), usize> = HashMap::new();
        for (id, component) in &self.components {
            let column = columns.get(id).copied().unwrap_or(0);
            let row = rows.entry((component.parent.as_ref(), column)).or_default();
            let place = Position { x: MARGIN + COLUMN * column as f64, y: MARGIN + ROW * *row as f64 };
            self.layout.entry(id.clone()).or_insert(place);
            *row += 1;
        }
    }

    /// The length of the longest path to each component. On a circle, which a broken file may hold, the count stops.
    fn columns(&self) -> HashMap<ComponentId, usize> {
        let mut columns: HashMap<ComponentId, usize> = HashMap::new();
        let is_within = |link: &&Link| matches!(self.link_place(link), Some(LinkPlace::Within(_)) | None);
        let links: Vec<&Link> = self.links.iter().filter(is_within).collect();
        for _ in 0..self.components.len() {
            let mut changed = false;
            for link in &links {
                let column = columns.get(&link.from.component).copied().unwrap_or(0) + 1;
                let known = columns.entry(link.to.component.clone()).or_insert(0);
                if column > *known && column < self.components.len() {
                    *known = column;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        columns
    }
}
