//! What component types there are, as far as the document, its rules and the designer need to know.

use crate::{Component, ERROR_OUTLET, IN, OUT};
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

/// The component types that flows may use. `flow-components` implements it with the whole palette.
pub trait Catalogue: Send + Sync {
    /// The description of component type `kind`; `None` when the type is unknown.
    fn describe(&self, kind: &str) -> Option<&ComponentDescription>;

    /// The inlets and outlets of `component` as its properties make them; `None` when the type is unknown.
    fn ports(&self, component: &Component) -> Option<Ports>;

    /// Every description, in the order of the palette.
    fn all(&self) -> Vec<&ComponentDescription>;

    /// What `component` does to the world, as its properties make it. Of an unknown type the worst is assumed.
    fn effect(&self, component: &Component) -> Effect {
        self.describe(&component.kind).map_or(Effect::Changes, |description| description.effect)
    }

    /// Whether `component` has its input saved before it runs, so that its effect happens exactly once. That ForEach
    /// and SubFlow save theirs follows from what they hold (see [`crate::Saving`]) and is not said here.
    fn saves_input(&self, component: &Component) -> bool {
        let _ = component;
        false
    }

    /// The flow variables that `component` sets for what comes behind it.
    fn sets(&self, component: &Component) -> Vec<String> {
        let _ = component;
        Vec::new()
    }
}

/// What a component type is, for the palette, the inspector and the rules.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ComponentDescription {
    /// The type's name in the document: `FileRead`.
    pub kind: &'static str,
    /// Its name for people: `File Read`.
    pub title: &'static str,
    /// The group of the palette it belongs to; gives its colour.
    pub family: Family,
    /// Name of its Lucide icon: `file-input`.
    pub icon: &'static str,
    /// One line that says what it does.
    pub summary: &'static str,
    /// Help text in Markdown, shown beside the inspector.
    pub help: &'static str,
    /// Its properties, in the order of the inspector.
    pub properties: Vec<PropertyDescription>,
    /// What it does to the world outside the request.
    pub effect: Effect,
    /// Whether it makes a saved point of its input (Checkpoint).
    pub saves: bool,
    /// The name of the property shown as the card's one line, if any; `{…}` is filled from properties.
    pub line: &'static str,
}

/// A group of the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Family {
    /// Start, End, Branch, Wait, Fail: which way a request goes.
    Control,
    /// Checkpoint.
    Checkpoint,
    /// Files and storage.
    File,
    /// Mapper, Filter: what happens to records.
    Transform,
    /// Databases.
    Database,
    /// HTTP and other networks.
    Network,
}

/// What a component does to the world outside the request when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Nothing: its result follows from its input alone.
    None,
    /// It reads from outside, so its result may differ from time to time.
    Reads,
    /// It changes the world: running it twice may be seen.
    Changes,
}

/// One property of a component type.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PropertyDescription {
    /// Its name in the document: `OtherServerRetry`.
    pub name: &'static str,
    /// Its label in the inspector; the field's own term where there is one.
    pub title: &'static str,
    /// What it means, one or two sentences.
    pub help: &'static str,
    /// What values it takes.
    pub kind: PropertyKind,
    /// The value when it is not set. `Null` when there is none.
    pub default: Value,
    /// Whether the flow cannot run without it.
    pub required: bool,
    /// When it matters: while all of these hold. What does not matter is kept and has no effect, and the inspector
    /// leaves it out.
    pub shown_when: Vec<ShownWhen>,
}

/// Whether a property with this value counts as not set.
pub fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// That another property of the same component has one of certain values.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ShownWhen {
    /// The other property.
    pub property: &'static str,
    /// The values. Its default counts where it is not set.
    #[ts(type = "unknown[]")]
    pub values: Vec<Value>,
}

/// What values a property takes, and so how it is edited.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum PropertyKind {
    /// One line of text in which `${name}` stands for a flow variable.
    Text,
    /// Several lines of text in which `${name}` stands for a flow variable.
    Multiline,
    /// Like Text, but a place for files: `storage:…`, `project:…` or a local path.
    Path,
    /// A whole number.
    Integer {
        /// The least value allowed.
        min: i64,
        /// The greatest value allowed.
        max: i64,
    },
    /// A length of time in seconds; fractions are allowed.
    Seconds {
        /// The least value allowed.
        min: f64,
    },
    /// Yes or no.
    Boolean,
    /// One of several values.
    Choice {
        /// The values, in order.
        choices: Vec<Choice>,
    },
    /// An SQL expression over the fields of the inlet and the flow variables (`$name`).
    Expression {
        /// Whether its value must be a boolean.
        condition: bool,
    },
    /// A list of `{"field": NAME, "expression": SQL}`: the fields that a mapper puts out.
    Mapping,
    /// A list of `{"outlet": NAME, "condition": SQL}`: the outlets of a Branch, in order of trial.
    Branches,
    /// A list of `{"name": …, "value": …}` texts, in which `${name}` stands for a flow variable (HTTP headers).
    Pairs,
    /// A script in JavaScript.
    Script,
    /// An SQL query over the streams of the inlets, each a table, and the flow variables (`$name`).
    Sql,
    /// A list of field names.
    Fields,
    /// The name of one field of the inlet.
    Field,
    /// A list of names, each once, that become inlets: letters, digits and `_`.
    Names,
    /// A list of `{"name": …, "type": …}`: the types that fields of a document must have (`Integer`, `Decimal(10,2)`).
    Columns {
        /// Whether the columns stand at fixed places: each then has a `length`, and may have a `start` (from 1), both
        /// in characters.
        fixed: bool,
    },
    /// A list of `{"expression": SQL, "order": "Ascending" or "Descending"}`, the most important first.
    SortKeys,
    /// A list of `{"left": SQL, "right": SQL}`: what must be equal in the records of two inlets.
    JoinKeys,
    /// A list of `{"name": …, "type": …, "default": …}`: the inputs that a flow declares.
    Inputs,
    /// The name of a flow of the project, which the component calls.
    Flow,
    /// The name of a connection of the project, of one of the given kinds.
    Connection {
        /// The kinds that fit.
        kinds: Vec<&'static str>,
    },
}

/// One value of a property with choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Choice {
    /// The value in the document.
    pub value: &'static str,
    /// Its label in the inspector.
    pub title: &'static str,
}

/// The inlets and outlets of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Ports {
    /// Where streams come in, from top to bottom.
    pub inlets: Vec<PortDescription>,
    /// Where streams go out, from top to bottom; the error outlet last.
    pub outlets: Vec<PortDescription>,
    /// Of a component with a body (ForEach): where streams go into the body. Seen from there, the body's entry.
    pub body_outlets: Vec<PortDescription>,
    /// Of a component with a body: where streams come back from the body. Seen from there, the body's exit.
    pub body_inlets: Vec<PortDescription>,
}

/// One inlet or outlet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PortDescription {
    /// Its name in links.
    pub name: String,
    /// Its name for people.
    pub title: String,
}

impl Ports {
    /// Ports with the given inlets and outlets, each named as in links.
    pub fn named(inlets: &[&str], outlets: &[&str]) -> Self {
        Self { inlets: PortDescription::named(inlets), outlets: PortDescription::named(outlets), ..Self::default() }
    }

    /// The same ports with a body: `outlets` lead into it and `inlets` take what comes back.
    #[must_use]
    pub fn with_body(self, outlets: &[&str], inlets: &[&str]) -> Self {
        Self { body_outlets: PortDescription::named(outlets), body_inlets: PortDescription::named(inlets), ..self }
    }

    /// The ordinary ports: one inlet, one outlet and the error outlet.
    pub fn ordinary() -> Self {
        Self::named(&[IN], &[OUT, ERROR_OUTLET])
    }

    /// Whether other components may belong to the body of the component.
    pub fn has_body(&self) -> bool {
        !self.body_outlets.is_empty() || !self.body_inlets.is_empty()
    }

    /// Whether there is an inlet named `name`.
    pub fn has_inlet(&self, name: &str) -> bool {
        self.inlets.iter().any(|port| port.name == name)
    }

    /// Whether there is an outlet named `name`.
    pub fn has_outlet(&self, name: &str) -> bool {
        self.outlets.iter().any(|port| port.name == name)
    }

    /// Whether there is an outlet named `name` that leads into the body.
    pub fn has_body_outlet(&self, name: &str) -> bool {
        self.body_outlets.iter().any(|port| port.name == name)
    }

    /// Whether there is an inlet named `name` that takes what comes back from the body.
    pub fn has_body_inlet(&self, name: &str) -> bool {
        self.body_inlets.iter().any(|port| port.name == name)
    }
}

impl PortDescription {
    fn named(names: &[&str]) -> Vec<Self> {
        names.iter().map(|name| Self { name: (*name).to_owned(), title: (*name).to_owned() }).collect()
    }
}

impl PropertyDescription {
    /// The same, mattering only while the property `other` of the component has one of `values`.
    #[must_use]
    pub fn when<V: Clone + Into<Value>>(mut self, other: &'static str, values: &[V]) -> Self {
        let values = values.iter().cloned().map(Into::into).collect();
        self.shown_when.push(ShownWhen { property: other, values });
        self
    }
}

impl ComponentDescription {
    /// Whether `property` has any effect, given the other properties of `component`.
    pub fn matters(&self, property: &PropertyDescription, component: &Component) -> bool {
        property.shown_when.iter().all(|condition| {
            let default = self.property(condition.property).map(|other| &other.default);
            let set = component.properties.get(condition.property).filter(|value| !value.is_null());
            set.or(default).is_some_and(|value| condition.values.contains(value))
        })
    }

    /// The description of the property `name`.
    pub fn property(&self, name: &str) -> Option<&PropertyDescription> {
        self.properties.iter().find(|property| property.name == name)
    }
}
