//! What can be undone and redone, and whether the flow is as it was saved.

use flow_model::Edit;

/// The undo history. Each state that the flow has been in has a number, so that coming back to the saved one is noticed.
#[derive(Debug)]
pub(super) struct History {
    undo: Vec<Entry>,
    redo: Vec<Entry>,
    state: u64,
    newest_state: u64,
    saved: Option<u64>,
}

/// A step of the history.
#[derive(Debug)]
pub(super) struct Entry {
    /// The edit to perform to undo, or to redo, the step.
    pub(super) edit: Edit,
    /// What the step did, in words.
    pub(super) label: String,
    gesture: Option<String>,
    /// The state that performing it leads to.
    leads_to: u64,
}

impl History {
    pub(super) fn new(is_saved: bool) -> Self {
        Self { undo: Vec::new(), redo: Vec::new(), state: 0, newest_state: 0, saved: is_saved.then_some(0) }
    }

    pub(super) fn is_saved(&self) -> bool {
        self.saved == Some(self.state)
    }

    pub(super) fn saved(&mut self) {
        self.saved = Some(self.state);
    }

    /// Takes up that the file holds something else than before: the state as it is now, or none that was ever here.
    pub(super) fn on_file(&mut self, is_now: bool) {
        self.saved = is_now.then_some(self.state);
    }

    pub(super) fn undo_label(&self) -> Option<&str> {
        self.undo.last().map(|entry| entry.label.as_str())
    }

    pub(super) fn redo_label(&self) -> Option<&str> {
        self.redo.last().map(|entry| entry.label.as_str())
    }

    /// Takes up an edit of the author by its inverse: as a part of the last step when both are of one gesture.
    pub(super) fn record(&mut self, inverse: Edit, label: &str, gesture: Option<&str>) {
        let continues = gesture.is_some() && self.redo.is_empty() && !self.is_saved();
        self.redo.clear();
        self.newest_state += 1;
        let before = std::mem::replace(&mut self.state, self.newest_state);
        match self.undo.last_mut() {
            Some(last) if continues && last.gesture.as_deref() == gesture => {
                last.edit = joined(inverse, std::mem::replace(&mut last.edit, Edit::Batch { edits: Vec::new() }));
            }
            _ => self.undo.push(Entry {
                edit: inverse,
                label: label.to_owned(),
                gesture: gesture.map(str::to_owned),
                leads_to: before,
            }),
        }
    }

    /// The step to undo next.
    pub(super) fn next_undo(&self) -> Option<&Entry> {
        self.undo.last()
    }

    /// The step to redo next.
    pub(super) fn next_redo(&self) -> Option<&Entry> {
        self.redo.last()
    }

    /// Takes up that the step to undo next was undone; `inverse` does it again.
    pub(super) fn undone(&mut self, inverse: Edit) {
        if let Some(entry) = self.undo.pop() {
            let state = std::mem::replace(&mut self.state, entry.leads_to);
            self.redo.push(Entry { edit: inverse, leads_to: state, gesture: None, ..entry });
        }
    }

    /// Takes up that the step to redo next was done again; `inverse` undoes it.
    pub(super) fn redone(&mut self, inverse: Edit) {
        if let Some(entry) = self.redo.pop() {
            let state = std::mem::replace(&mut self.state, entry.leads_to);
            self.undo.push(Entry { edit: inverse, leads_to: state, gesture: None, ..entry });
        }
    }
}

/// One edit that does `later` and then `earlier`, both inverses. Where both only set the same things, the earlier one
/// alone is enough.
fn joined(later: Edit, earlier: Edit) -> Edit {
    if sets_the_same(&later, &earlier) {
        return earlier;
    }
    let parts = |edit| match edit {
        Edit::Batch { edits } => edits,
        single => vec![single],
    };
    Edit::Batch { edits: parts(later).into_iter().chain(parts(earlier)).collect() }
}

fn sets_the_same(one: &Edit, other: &Edit) -> bool {
    match (one, other) {
        (Edit::SetProperty { id: a, property: p, .. }, Edit::SetProperty { id: b, property: q, .. }) => {
            a == b && p == q
        }
        (Edit::Rename { id: a, .. }, Edit::Rename { id: b, .. })
        | (Edit::Move { id: a, .. }, Edit::Move { id: b, .. }) => a == b,
        (Edit::SetDescription { .. }, Edit::SetDescription { .. }) => true,
        (Edit::Batch { edits: a }, Edit::Batch { edits: b }) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| sets_the_same(a, b))
        }
        _ => false,
    }
}
