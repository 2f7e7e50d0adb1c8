//! What each key does.

use super::model::{Change, Model, Part, Wish};
use super::picture::Listed;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The keys, for the help.
pub const HELP: [(&str, &str); 11] = [
    ("Tab", "the next part: requests, takeovers, servers"),
    ("↑ ↓ Home End", "choose a row; PgUp and PgDn go by ten"),
    ("← →", "list other requests: under way, waiting, failed, all"),
    ("Enter", "open the chosen request; Esc closes it"),
    ("c", "cancel the chosen request, after a question"),
    ("r", "re-execute the chosen request, after a question"),
    ("y n", "answer a question"),
    ("p", "hold the view still, and let it go on"),
    ("?", "this help"),
    ("q Ctrl-C", "quit"),
    ("", "● works  ◐ drains  ✕ is gone  * answers"),
];

/// How many rows a page key goes.
const PAGE: isize = 10;

impl Model {
    /// Takes in a key, and says what is to be done beyond the screen.
    pub fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Wish::Quit);
        }
        self.told = None;
        if let Some((change, id)) = self.question {
            return self.answer(key.code, change, id);
        }
        if std::mem::take(&mut self.help) {
            return (key.code == KeyCode::Char('q')).then_some(Wish::Quit);
        }
        match key.code {
            KeyCode::Char('q') => return Some(Wish::Quit),
            KeyCode::Char('?' | 'h') => self.help = true,
            KeyCode::Char('p') => self.held = !self.held,
            KeyCode::Char('c') => self.ask(Change::Cancel),
            KeyCode::Char('r') => self.ask(Change::ReExecute),
            KeyCode::Esc => return self.close(),
            _ if self.opening.is_some() => {}
            KeyCode::Enter => return self.open(),
            KeyCode::Tab => self.part = next(self.part),
            KeyCode::BackTab => self.part = next(next(self.part)),
            KeyCode::Left => return Some(self.list(-1)),
            KeyCode::Right => return Some(self.list(1)),
            KeyCode::Up | KeyCode::Char('k') => self.go(-1),
            KeyCode::Down | KeyCode::Char('j') => self.go(1),
            KeyCode::PageUp => self.go(-PAGE),
            KeyCode::PageDown => self.go(PAGE),
            KeyCode::Home => self.go(isize::MIN),
            KeyCode::End => self.go(isize::MAX),
            _ => {}
        }
        None
    }

    fn answer(&mut self, code: KeyCode, change: Change, id: i64) -> Option<Wish> {
        match code {
            KeyCode::Char('y' | 'Y') => {
                self.question = None;
                Some(Wish::Change(change, id))
            }
            KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc | KeyCode::Enter => {
                self.question = None;
                None
            }
            _ => None,
        }
    }

    fn ask(&mut self, change: Change) {
        let chosen = || self.chosen().filter(|_| self.part == Part::Requests).map(|request| request.id);
        match self.opening.or_else(chosen) {
            Some(id) => self.question = Some((change, id)),
            None => self.told = Some("choose a request first".to_owned()),
        }
    }

    fn open(&mut self) -> Option<Wish> {
        let id = self.chosen().filter(|_| self.part == Part::Requests)?.id;
        self.opening = Some(id);
        Some(Wish::Open(id))
    }

    fn close(&mut self) -> Option<Wish> {
        self.opened = None;
        self.opening.take().map(|_| Wish::Close)
    }

    fn list(&mut self, by: isize) -> Wish {
        let at = Listed::ALL.iter().position(|listed| *listed == self.listed).unwrap_or_default();
        let next = at.cast_signed().wrapping_add(by).rem_euclid(Listed::ALL.len().cast_signed());
        self.listed = Listed::ALL[next.cast_unsigned()];
        (self.part, self.rows.requests) = (Part::Requests, 0);
        Wish::List(self.listed)
    }

    fn go(&mut self, by: isize) {
        let last = self.count(self.part).saturating_sub(1);
        let part = self.part;
        let row = self.row(part);
        *row = row.saturating_add_signed(by).min(last);
    }
}

fn next(part: Part) -> Part {
    match part {
        Part::Requests => Part::Takeovers,
        Part::Takeovers => Part::Servers,
        Part::Servers => Part::Requests,
    }
}
