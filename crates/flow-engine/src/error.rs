//! Why an attempt could not be run to one of its ends.

use flow_model::FlowName;
use flow_store::StoreError;

/// Why [`crate::Engine::execute`] stopped without ending the attempt, or what is wrong with a flow or its inputs.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The request belongs to someone else by now, or was cancelled. Nothing more was done; drop it quietly.
    #[error("the request has a newer fence: it belongs to another server or attempt, or was cancelled")]
    Fenced,
    /// This server may not act now: its lease is about to run out. By the store the request is still its own; execute
    /// it again when it may act again and the fence is unchanged.
    #[error("this server may not act: its lease is running out")]
    MayNotAct,
    /// The store does not answer, or refuses. The attempt stopped; what it had saved is durable.
    #[error(transparent)]
    Store(StoreError),
    /// The flow cannot run as it is.
    #[error("the flow “{flow}” cannot run: {message}")]
    Flow {
        /// Code of the first thing to mend.
        code: String,
        /// The flow.
        flow: String,
        /// What is wrong and the way out.
        message: String,
    },
    /// The inputs do not fit what the flow declares.
    #[error(transparent)]
    Input(#[from] flow_model::InputError),
    /// A saved point cannot be read, or does not fit the flow.
    #[error("the saved point of {component} cannot be used: {message}")]
    SavedPoint {
        /// The component that made it.
        component: String,
        /// Why.
        message: String,
    },
    /// The stream of a saved point cannot be read.
    #[error("the saved point of {component} cannot be read: {message}")]
    SavedStream {
        /// The component that made it.
        component: String,
        /// Code of what stands in the way, such as `storage/corrupt`.
        code: String,
        /// What that is, and the way out.
        message: String,
    },
}

impl EngineError {
    /// The stable code that programs go by.
    pub fn code(&self) -> &str {
        match self {
            Self::Fenced => "engine/fenced",
            Self::MayNotAct => "engine/may-not-act",
            Self::Store(error) => error.code(),
            Self::Flow { code, .. } => code,
            Self::Input(error) => error.code,
            Self::SavedPoint { .. } => "engine/saved-point",
            Self::SavedStream { code, .. } => code,
        }
    }

    pub(crate) fn flow(code: &str, flow: &FlowName, message: &str) -> Self {
        Self::Flow { code: code.to_owned(), flow: flow.to_string(), message: message.to_owned() }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        if error.is_stale() { Self::Fenced } else { Self::Store(error) }
    }
}
