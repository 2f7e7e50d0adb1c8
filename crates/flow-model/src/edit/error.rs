//! Why an edit cannot be applied.

use crate::{ComponentId, Link};

/// Why an edit cannot be applied. The flow is unchanged then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The component is not in the flow, perhaps because it was removed meanwhile.
    #[error("there is no component “{id}” in this flow")]
    NoSuchComponent {
        /// The component asked for.
        id: ComponentId,
    },
    /// A component to be added has the id of another.
    #[error("there is a component “{id}” in this flow already: a new component needs a new id")]
    ComponentExists {
        /// That id.
        id: ComponentId,
    },
    /// A second start component.
    #[error("a flow has exactly one start component, and this one has “{name}” already")]
    SecondStart {
        /// The name of the start component there is.
        name: String,
    },
    /// The component named as a parent has no body.
    #[error("“{name}” has no body: only a ForEach holds other components")]
    NoBody {
        /// That component's name.
        name: String,
    },
    /// The start component cannot be in a body.
    #[error("“{name}” is the start component, which runs once: it cannot be in a body")]
    StartInBody {
        /// The component's name.
        name: String,
    },
    /// A ForEach cannot be in its own body.
    #[error("“{name}” cannot be moved into its own body")]
    OwnBody {
        /// The component's name.
        name: String,
    },
    /// The link would lead over the border of a body.
    #[error(
        "“{from}” and “{to}” are not in the same body: streams go into the body of a ForEach and out of it only through \
         the ForEach itself"
    )]
    CrossesBorder {
        /// The name of the component that the link comes from.
        from: String,
        /// The name of the component that it goes to.
        to: String,
    },
    /// The outlet does not exist.
    #[error("“{name}” has no outlet “{outlet}”")]
    NoSuchOutlet {
        /// The component's name.
        name: String,
        /// The outlet asked for.
        outlet: String,
    },
    /// The inlet does not exist.
    #[error("“{name}” has no inlet “{inlet}”")]
    NoSuchInlet {
        /// The component's name.
        name: String,
        /// The inlet asked for.
        inlet: String,
    },
    /// Both ends of the link are the same component.
    #[error("“{name}” cannot be connected to itself: a flow runs in one direction; repetition is what ForEach is for")]
    SelfLink {
        /// The component's name.
        name: String,
    },
    /// The link would close a circle.
    #[error(
        "“{from}” already gets its streams from “{to}”: this link would close a circle, and a flow runs in one direction"
    )]
    Cycle {
        /// The name of the component that the link comes from.
        from: String,
        /// The name of the component that it goes to.
        to: String,
    },
    /// The link is there.
    #[error("the link {link} is there already")]
    LinkExists {
        /// The link.
        link: Link,
    },
    /// The link is not there.
    #[error("there is no link {link} in this flow")]
    NoSuchLink {
        /// The link asked for.
        link: Link,
    },
    /// A position is not of numbers.
    #[error("a position must be of finite numbers")]
    Position,
}

impl EditError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchComponent { .. } => "edit/no-such-component",
            Self::ComponentExists { .. } => "edit/component-exists",
            Self::SecondStart { .. } => "edit/second-start",
            Self::NoBody { .. } => "edit/no-body",
            Self::StartInBody { .. } => "edit/start-in-body",
            Self::OwnBody { .. } => "edit/own-body",
            Self::CrossesBorder { .. } => "edit/crosses-border",
            Self::NoSuchOutlet { .. } => "edit/no-such-outlet",
            Self::NoSuchInlet { .. } => "edit/no-such-inlet",
            Self::SelfLink { .. } => "edit/self-link",
            Self::Cycle { .. } => "edit/cycle",
            Self::LinkExists { .. } => "edit/link-exists",
            Self::NoSuchLink { .. } => "edit/no-such-link",
            Self::Position => "edit/position",
        }
    }
}
