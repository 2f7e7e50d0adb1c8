//! Random flows with paths that fork and join, Branches, error and always outlets, Waits, Checkpoints, Fails, effects that
//! happen exactly once, ForEach components with bodies, and calls of another random flow. The same seed always gives the
//! same flow.

use flow_model::{Component, ComponentId, Flow, Link, PortRef};
use serde_json::{Value, json};

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// True so many times out of a hundred.
    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// A flow, the flow that it may call, and the inputs of its request.
pub(super) struct Generated {
    pub(super) flow: Flow,
    pub(super) called: Flow,
    pub(super) inputs: Value,
    /// A component of the flow that fails until the request is retried.
    pub(super) fails_once: Option<ComponentId>,
}

/// The name of the flow that is called.
pub(super) const CALLED: &str = "called";

struct Drawing {
    random: Random,
    flow: Flow,
    /// The components so far, with their types.
    drawn: Vec<(ComponentId, &'static str)>,
    /// Whether SubFlow components may be drawn.
    may_call: bool,
    /// Comes before the numbers of components.
    prefix: &'static str,
}

/// The flow of `seed`.
pub(super) fn generate(seed: u64) -> Generated {
    let called = Drawing::draw(seed ^ 0xca11, 5, false, "in");
    let mut drawing = Drawing::draw(seed, 14, true, "");
    let fails_once = drawing.decide_failures();
    drawing.end_some_paths();
    let x = drawing.random.below(10);
    let mut called = called;
    called.decide_lasting_failures();
    called.end_some_paths();
    Generated { flow: drawing.flow, called: called.flow, inputs: json!({"x": x}), fails_once }
}

impl Drawing {
    fn draw(seed: u64, most: usize, may_call: bool, prefix: &'static str) -> Self {
        let mut drawing =
            Self { random: Random::new(seed), flow: Flow::default(), drawn: Vec::new(), may_call, prefix };
        let begin = if drawing.random.percent(40) { "Use" } else { "NotUse" };
        let start = json!({
            "OtherServerRetry": true,
            "BeginCheckpoint": begin,
            "RetryCount": 3,
            "Inputs": [{"name": "x", "type": "Integer"}, {"name": "at", "type": "Text", "default": ""}],
        });
        drawing.add("Start", start, None);
        for _ in 0..4 + drawing.random.below(most) {
            drawing.grow(None, 0);
        }
        drawing
    }

    fn add(&mut self, kind: &'static str, properties: Value, parent: Option<&ComponentId>) -> ComponentId {
        let name = format!("{}{}{}", kind.to_lowercase(), self.prefix, self.drawn.len());
        let id = ComponentId::parse(&name).unwrap();
        let mut component = Component::new(kind, &name);
        component.parent = parent.cloned();
        component.properties = properties.as_object().unwrap().clone().into_iter().collect();
        self.flow.components.insert(id.clone(), component);
        self.drawn.push((id.clone(), kind));
        id
    }

    /// Adds a component behind one, two or three others, which stand in the same body from `first` on.
    fn grow(&mut self, parent: Option<&ComponentId>, first: usize) {
        let kind = match self.random.below(100) {
            0..26 => "Work",
            26..48 => "Act",
            48..66 => "Checkpoint",
            66..77 => "Branch",
            77..85 => "Wait",
            85..93 if parent.is_none() => "ForEach",
            93.. if self.may_call => "SubFlow",
            _ => "Work",
        };
        let sources = self.sources(parent, first);
        let properties = self.properties(kind, parent);
        let component = self.add(kind, properties, parent);
        for _ in 0..[1, 1, 1, 2, 2, 3][self.random.below(6)] {
            // Rather behind one of the last few, so that flows are deep.
            let back = 1 + self.random.below(sources.len().min(4));
            let (source, source_kind) = sources[sources.len() - back].clone();
            let outlet = if Some(&source) == parent { "each" } else { self.outlet_of(source_kind) };
            self.link(&source, outlet, &component, kind);
        }
        if kind == "ForEach" {
            self.draw_body(&component);
        }
    }

    /// What a new component of a body, or of the top level, may be linked to.
    fn sources(&self, parent: Option<&ComponentId>, first: usize) -> Vec<(ComponentId, &'static str)> {
        let beside = |(id, _): &&(ComponentId, &'static str)| self.flow.components[id].parent.as_ref() == parent;
        let entry = parent.map(|parent| (parent.clone(), "ForEach"));
        entry.into_iter().chain(self.drawn[first..].iter().filter(beside).cloned()).collect()
    }

    fn properties(&mut self, kind: &str, parent: Option<&ComponentId>) -> Value {
        match kind {
            "Act" if self.random.percent(40) => json!({"Once": "yes"}),
            "Work" | "Act" if self.random.percent(30) => json!({"Set": format!("v{}", self.drawn.len())}),
            "Work" if self.random.percent(10) => json!({"Gives": "Nothing"}),
            "Work" if self.random.percent(40) => json!({"Gives": format!("{}", 2 + self.random.below(3))}),
            "Branch" => {
                let at = self.random.below(10);
                json!({"Branches": [{"outlet": "high", "condition": format!("$x > {at}")}]})
            }
            "Wait" => json!({"Seconds": 1 + self.random.below(30)}),
            "ForEach" => json!({
                "Size": 1 + self.random.below(2),
                "Parallel": 1 + self.random.below(3),
                "Index": format!("i_foreach{}{}", self.prefix, self.drawn.len()),
            }),
            "SubFlow" => {
                let own = format!("subflow{}{}", self.prefix, self.drawn.len());
                let at = match parent {
                    Some(parent) => format!("'{parent}[' || $i_{parent} || ']/{own}'"),
                    None => format!("'{own}'"),
                };
                json!({"Flow": CALLED, "Inputs": [
                    {"field": "x", "expression": "$x"},
                    {"field": "at", "expression": at},
                ]})
            }
            _ => json!({}),
        }
    }

    /// Draws what is inside of a ForEach.
    fn draw_body(&mut self, owner: &ComponentId) {
        let first = self.drawn.len();
        for _ in 0..1 + self.random.below(4) {
            self.grow(Some(owner), first);
        }
        if self.random.percent(70) {
            let inside = self.sources(Some(owner), first);
            let (source, kind) = inside[1 + self.random.below(inside.len() - 1)].clone();
            let outlet = if kind == "Branch" { "otherwise" } else { "out" };
            self.flow.links.insert(Link { from: PortRef::new(&source, outlet), to: PortRef::new(owner, "result") });
        }
    }

    fn outlet_of(&mut self, kind: &str) -> &'static str {
        match kind {
            "Work" | "Act" | "ForEach" | "SubFlow" if self.random.percent(20) => "error",
            "Work" | "Act" | "Branch" | "ForEach" | "SubFlow" if self.random.percent(10) => "always",
            "Branch" if self.random.percent(50) => "high",
            "Branch" => "otherwise",
            _ => "out",
        }
    }

    /// Links, unless streams with different fields would meet at one inlet.
    fn link(&mut self, source: &ComponentId, outlet: &'static str, component: &ComponentId, kind: &str) {
        let fields = self.fields_of(source, outlet);
        let inlet = match outlet {
            "error" if matches!(kind, "Work" | "Act") => "problem",
            "always" if matches!(kind, "Work" | "Act") => "ended",
            _ => "in",
        };
        let meets = self.flow.links.iter().filter(|link| link.to == PortRef::new(component, inlet));
        let meets: Vec<String> = meets.map(|link| self.fields_of(&link.from.component, &link.from.port)).collect();
        if meets.iter().all(|other| *other == fields) {
            self.flow.links.insert(Link { from: PortRef::new(source, outlet), to: PortRef::new(component, inlet) });
        }
    }

    /// Which fields leave an outlet: those of an error of a component, those of any end, those that Work makes, or the
    /// inputs. What a call gives is like nothing else.
    fn fields_of(&self, source: &ComponentId, outlet: &str) -> String {
        let kind = self.flow.components[source].kind.as_str();
        let arriving = |inlet: &str| {
            let mut links = self.flow.links.iter().filter(|link| link.to.component == *source);
            let link = links.find(|link| link.to.port == inlet);
            link.map(|link| self.fields_of(&link.from.component, &link.from.port))
        };
        match kind {
            _ if outlet == "error" => format!("error of {source}"),
            _ if outlet == "always" => "ended".to_owned(),
            "Start" => "inputs".to_owned(),
            "Work" | "Act" => "made".to_owned(),
            "SubFlow" => format!("reply to {source}"),
            "ForEach" if outlet == "out" => arriving("result").or_else(|| arriving("in")).unwrap_or_default(),
            _ => arriving("in").unwrap_or_default(),
        }
    }

    fn workers(&self) -> Vec<ComponentId> {
        self.drawn.iter().filter(|(_, kind)| matches!(*kind, "Work" | "Act")).map(|(id, _)| id.clone()).collect()
    }

    fn is_handled(&self, id: &ComponentId) -> bool {
        self.flow.links.iter().any(|link| link.from == PortRef::new(id, "error"))
    }

    /// Lets some components whose errors are handled, or those of a ForEach around them, fail for ever.
    fn decide_lasting_failures(&mut self) {
        for id in self.workers() {
            let around = self.flow.components[&id].parent.clone();
            let handled_around = around.is_some_and(|around| self.is_handled(&around));
            if self.is_handled(&id) && self.random.percent(50) || handled_around && self.random.percent(20) {
                self.set(&id, "Fails", "Always");
            }
        }
    }

    /// Lets some components fail: for ever where the error is handled, and one of them until a retry.
    fn decide_failures(&mut self) -> Option<ComponentId> {
        self.decide_lasting_failures();
        let workers = self.workers();
        if workers.is_empty() || !self.random.percent(40) {
            return None;
        }
        let once = workers[self.random.below(workers.len())].clone();
        self.set(&once, "Fails", "UntilRetry");
        if self.is_handled(&once) && self.random.percent(70) {
            let parent = self.flow.components[&once].parent.clone();
            let fail = self.add("Fail", json!({"Message": "it failed", "Retry": true}), parent.as_ref());
            self.flow.links.insert(Link { from: PortRef::new(&once, "error"), to: PortRef::new(&fail, "in") });
        }
        Some(once)
    }

    fn set(&mut self, id: &ComponentId, property: &str, value: &str) {
        self.flow.components.get_mut(id).unwrap().properties.insert(property.to_owned(), json!(value));
    }

    /// Puts an End behind some of the components that nothing follows. Those of a called flow reply with the same fields,
    /// since they are one stream for the caller.
    fn end_some_paths(&mut self) {
        let mut replied: Option<String> = None;
        let ends: Vec<(ComponentId, &'static str)> = self.drawn.clone();
        for (id, kind) in ends {
            let followed = self.flow.links.iter().any(|link| link.from.component == id);
            let is_inside = self.flow.components[&id].parent.is_some();
            if !followed && !is_inside && kind != "Fail" && self.random.percent(50) {
                let outlet = if kind == "Branch" { "otherwise" } else { "out" };
                let fields = self.fields_of(&id, outlet);
                if !self.may_call && *replied.get_or_insert_with(|| fields.clone()) != fields {
                    continue;
                }
                let end = self.add("End", json!({}), None);
                self.flow.links.insert(Link { from: PortRef::new(&id, outlet), to: PortRef::new(&end, "in") });
            }
        }
    }
}
