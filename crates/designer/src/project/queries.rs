//! The fields that queries give, asked of their databases while flows are drawn. Nobody waits for an answer: until it is
//! there, the fields are not known.

use super::services::DesignServices;
use crate::background::blocking;
use flow_components::{ComponentError, inspect_query};
use flow_data::arrow::datatypes::SchemaRef;
use flow_model::Connection;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long an answer holds; tables do change.
const HOLDS: Duration = Duration::from_secs(60);
/// How long the answer holds that there is none: a database that cannot be reached is not asked at every keystroke.
const FAILURE_HOLDS: Duration = Duration::from_secs(20);
/// How many answers are kept.
const KEPT: usize = 500;

type Answer = Result<SchemaRef, ComponentError>;

/// The answers so far.
#[derive(Default)]
pub(super) struct Queries {
    asked: Mutex<HashMap<String, Asked>>,
    answered: Arc<Notify>,
}

struct Asked {
    answer: Option<Answer>,
    state: State,
}

enum State {
    Never,
    OnItsWay,
    Answered(Instant),
}

impl Asked {
    fn never() -> Self {
        Self { answer: None, state: State::Never }
    }
}

/// What a database is asked.
pub(super) struct Question {
    pub(super) connection: Connection,
    pub(super) query: String,
    pub(super) services: Arc<DesignServices>,
}

impl Queries {
    /// Notified when there is a new answer.
    pub(super) fn answered(&self) -> Arc<Notify> {
        Arc::clone(&self.answered)
    }

    /// The fields, as far as they are known now. An answer that has grown old still counts while it is asked for anew.
    pub(super) fn fields(self: &Arc<Self>, question: Question) -> Option<Answer> {
        let Question { connection, query, .. } = &question;
        let key = format!("{} {:?}\n{query}", connection.kind, connection.settings);
        let mut asked = self.asked.lock();
        if asked.len() > KEPT {
            asked.clear();
        }
        let known = asked.entry(key.clone()).or_insert_with(Asked::never);
        let holds = if matches!(known.answer, Some(Ok(_))) { HOLDS } else { FAILURE_HOLDS };
        let is_old = match known.state {
            State::Never => true,
            State::OnItsWay => false,
            State::Answered(at) => at.elapsed() > holds,
        };
        let answer = known.answer.clone();
        // Checks run on threads of the designer's runtime; elsewhere nobody would be there for an answer.
        if is_old && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            known.state = State::OnItsWay;
            let queries = Arc::clone(self);
            runtime.spawn(async move { queries.ask(key, question).await });
        }
        answer
    }

    async fn ask(&self, key: String, question: Question) {
        let answer = question.ask().await;
        let changed = {
            let mut asked = self.asked.lock();
            let known = asked.entry(key).or_insert_with(Asked::never);
            let changed = known.answer.as_ref() != Some(&answer);
            *known = Asked { answer: Some(answer), state: State::Answered(Instant::now()) };
            changed
        };
        if changed {
            self.answered.notify_one();
        }
    }
}

impl Question {
    async fn ask(self) -> Answer {
        let (services, connection) = (self.services, self.connection);
        let secrets = services.secrets().clone();
        let filled = blocking(move || secrets.fill(connection)).await;
        let connection = filled.map_err(|error| ComponentError::new(error.code, error.message))?;
        inspect_query(services.databases(), &connection, &*services, &self.query).await
    }
}
