//! The parts of a flow. How they are written to a file is in `canonical`.

use crate::{ComponentId, IN, OUT};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use ts_rs::TS;

/// A flow: components and the links between them. Exactly one component is the start component.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Flow {
    /// What the flow is for, in the author's words.
    #[serde(default)]
    pub description: String,
    /// The components, in the order in which they were added.
    #[ts(type = "Record<string, Component>")]
    pub components: IndexMap<ComponentId, Component>,
    /// The links, sorted.
    pub links: BTreeSet<Link>,
    /// Frames around components, and notes, by their ids.
    #[serde(default)]
    #[ts(type = "Record<string, Group>")]
    pub groups: BTreeMap<ComponentId, Group>,
    /// Where each component is drawn; in the body of a ForEach, relative to the ForEach. Kept apart from the components so that a moved box hides nothing in a diff.
    #[ts(type = "Record<string, Position>")]
    pub layout: BTreeMap<ComponentId, Position>,
    /// Members of the file that this release does not know. They survive a round trip.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[ts(skip)]
    pub unknown: Map<String, Value>,
}

/// A component of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Component {
    /// Its type, as the palette names it: `FileRead`. A type that the palette does not know is kept and reported.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name on the canvas.
    pub name: String,
    /// The ForEach component whose body it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub parent: Option<ComponentId>,
    /// The properties that differ from their defaults, by name.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub properties: BTreeMap<String, Value>,
    /// Members that this release does not know. They survive a round trip.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[ts(skip)]
    pub unknown: Map<String, Value>,
}

/// A frame around components, or a note of its own. It changes nothing about how the flow runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Group {
    /// Its title on the canvas.
    #[serde(default)]
    pub title: String,
    /// What it says, in Markdown.
    #[serde(default)]
    pub note: String,
    /// The components that it is drawn around.
    #[serde(default)]
    pub members: BTreeSet<ComponentId>,
    /// Where it is drawn when it has no members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub area: Option<Area>,
    /// Members of the file that this release does not know. They survive a round trip.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[ts(skip)]
    pub unknown: Map<String, Value>,
}

/// A rectangle on the canvas, in canvas units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Area {
    /// Its left side.
    pub x: f64,
    /// Its top.
    pub y: f64,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
}

/// One end of a link: an outlet or an inlet of a component. Written `mapper-k3x9ab.out`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct PortRef {
    /// The component.
    pub component: ComponentId,
    /// The name of its outlet or inlet.
    pub port: String,
}

/// A link carries the stream of an outlet to an inlet. An outlet may have several links (each gets the whole
/// stream), and so may an inlet (the streams that arrive are appended, and must have the same fields).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Link {
    /// The outlet it comes from.
    pub from: PortRef,
    /// The inlet it goes to.
    pub to: PortRef,
}

/// A place on the canvas, in canvas units (one is a pixel at 100%), to the component's upper left corner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Flow {
    /// The links from the outlets of component `id`, sorted.
    pub fn links_from<'a>(&'a self, id: &'a ComponentId) -> impl Iterator<Item = &'a Link> {
        // Links are sorted by the component that they come from, and the empty port name comes before all others.
        let first = Link { from: PortRef::new(id, ""), to: PortRef::new(id, "") };
        self.links.range(first..).take_while(move |link| link.from.component == *id)
    }

    /// The links to the inlets of component `id`, sorted.
    pub fn links_to<'a>(&'a self, id: &'a ComponentId) -> impl Iterator<Item = &'a Link> {
        self.links.iter().filter(move |link| link.to.component == *id)
    }
}

impl PortRef {
    /// The port `port` of `component`.
    pub fn new(component: &ComponentId, port: &str) -> Self {
        Self { component: component.clone(), port: port.to_owned() }
    }
}

impl Link {
    /// A link from the ordinary outlet of one component to the ordinary inlet of another.
    pub fn between(from: &ComponentId, to: &ComponentId) -> Self {
        Self { from: PortRef::new(from, OUT), to: PortRef::new(to, IN) }
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.component, self.port)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)
    }
}

impl Component {
    /// A component of type `kind` named `name`, with every property at its default.
    pub fn new(kind: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            parent: None,
            properties: BTreeMap::new(),
            unknown: Map::new(),
        }
    }

    /// The same with the property `name` set to `value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }
}
