//! What is shown and what the keys mean. Nothing here knows a terminal or a network.

use super::picture::{Listed, Picture};
use flow_api::{LogEntry, Request, RequestDetail};
use std::collections::VecDeque;

/// How many looks the curve of the throughput covers.
const CURVE: usize = 60;

/// A part of the screen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The servers.
    Servers,
    /// The requests.
    #[default]
    Requests,
    /// The takeovers.
    Takeovers,
}

/// A change of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Cancel it.
    Cancel,
    /// Re-execute it.
    ReExecute,
}

/// What is to be done beyond the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// End.
    Quit,
    /// List other requests.
    List(Listed),
    /// Read the request with this id again and again.
    Open(i64),
    /// Read no request any more.
    Close,
    /// Change a request.
    Change(Change, i64),
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum News {
    /// The cluster as it is now, or why that is not known.
    Looked(Result<Picture, String>),
    /// The opened request.
    Opened(Box<Opened>),
    /// Something was done, or could not be.
    Told(String),
}

/// A request that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The request.
    pub detail: RequestDetail,
    /// The end of its log.
    pub log: Vec<LogEntry>,
}

/// All that is shown.
#[derive(Debug, Default)]
pub struct Model {
    /// The cluster as it was seen last.
    pub picture: Option<Picture>,
    /// How many requests ended a second, the oldest look first.
    pub curve: VecDeque<f64>,
    /// Why the picture is old.
    pub trouble: Option<String>,
    /// What came of the last change.
    pub told: Option<String>,
    /// Whether the view is held still.
    pub held: bool,
    /// Whether the keys are explained.
    pub help: bool,
    /// The part that the arrow keys move in.
    pub part: Part,
    /// Which requests are listed.
    pub listed: Listed,
    /// The chosen row of each part.
    pub rows: Rows,
    /// The request that is opened; what is known of it comes later.
    pub opening: Option<i64>,
    /// What is known of it.
    pub opened: Option<Opened>,
    /// The question to be answered first.
    pub question: Option<(Change, i64)>,
}

/// The chosen row of each part, from 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Of the servers.
    pub servers: usize,
    /// Of the requests.
    pub requests: usize,
    /// Of the takeovers.
    pub takeovers: usize,
}

impl Model {
    /// Takes in what came.
    pub fn take(&mut self, news: News) {
        match news {
            News::Looked(Ok(picture)) => self.show(picture),
            News::Looked(Err(why)) => self.trouble = Some(why),
            News::Opened(opened) if self.opening == Some(opened.detail.request.id) => self.opened = Some(*opened),
            News::Opened(_) => {}
            News::Told(told) => self.told = Some(told),
        }
    }

    fn show(&mut self, picture: Picture) {
        self.trouble = None;
        if let Some(rate) = picture.ended_per_second {
            self.curve.push_back(rate);
            while self.curve.len() > CURVE {
                self.curve.pop_front();
            }
        }
        if self.held {
            return;
        }
        // A request keeps being chosen when newer ones come above it.
        let chosen = self.chosen().map(|request| request.id);
        let kept = chosen.and_then(|id| picture.requests.iter().position(|request| request.id == id));
        self.picture = Some(picture);
        self.rows.requests = kept.unwrap_or(self.rows.requests);
        for part in [Part::Servers, Part::Requests, Part::Takeovers] {
            let last = self.count(part).saturating_sub(1);
            let row = self.row(part);
            *row = (*row).min(last);
        }
    }

    /// The chosen request.
    pub fn chosen(&self) -> Option<&Request> {
        self.picture.as_ref()?.requests.get(self.rows.requests)
    }

    /// How many rows a part has.
    pub fn count(&self, part: Part) -> usize {
        let Some(picture) = &self.picture else { return 0 };
        match part {
            Part::Servers => picture.servers.len(),
            Part::Requests => picture.requests.len(),
            Part::Takeovers => picture.takeovers.len(),
        }
    }

    /// The chosen row of a part.
    pub fn row(&mut self, part: Part) -> &mut usize {
        match part {
            Part::Servers => &mut self.rows.servers,
            Part::Requests => &mut self.rows.requests,
            Part::Takeovers => &mut self.rows.takeovers,
        }
    }
}
