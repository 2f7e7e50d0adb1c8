//! Random flows with paths that fork and join, Branches, error outlets, Waits, Checkpoints and Fails. The same seed
//! always gives the same flow.

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

/// A flow and the inputs of its request.
pub(super) struct Generated {
    pub(super) flow: Flow,
    pub(super) inputs: Value,
    /// Whether the attempt fails once and is retried.
    pub(super) fails_once: Option<ComponentId>,
}

struct Drawing {
    random: Random,
    flow: Flow,
    /// The components so far, with their types.
    drawn: Vec<(ComponentId, &'static str)>,
}

/// The flow of `seed`.
pub(super) fn generate(seed: u64) -> Generated {
    let mut drawing = Drawing { random: Random::new(seed), flow: Flow::default(), drawn: Vec::new() };
    let begin = if drawing.random.percent(40) { "Use" } else { "NotUse" };
    let start = json!({
        "OtherServerRetry": true,
        "BeginCheckpoint": begin,
        "RetryCount": 3,
        "Inputs": [{"name": "x", "type": "Integer"}],
    });
    drawing.add("Start", start);
    for _ in 0..4 + drawing.random.below(14) {
        drawing.grow();
    }
    let fails_once = drawing.decide_failures();
    drawing.end_some_paths();
    let x = drawing.random.below(10);
    Generated { flow: drawing.flow, inputs: json!({"x": x}), fails_once }
}

impl Drawing {
    fn add(&mut self, kind: &'static str, properties: Value) -> ComponentId {
        let name = format!("{}{}", kind.to_lowercase(), self.drawn.len());
        let id = ComponentId::parse(&name).unwrap();
        let mut component = Component::new(kind, &name);
        component.properties = properties.as_object().unwrap().clone().into_iter().collect();
        self.flow.components.insert(id.clone(), component);
        self.drawn.push((id.clone(), kind));
        id
    }

    /// Adds a component behind one, two or three others.
    fn grow(&mut self) {
        let kind = match self.random.below(100) {
            0..30 => "Work",
            30..55 => "Act",
            55..77 => "Checkpoint",
            77..89 => "Branch",
            _ => "Wait",
        };
        let properties = match kind {
            "Work" | "Act" if self.random.percent(30) => json!({"Set": format!("v{}", self.drawn.len())}),
            "Work" if self.random.percent(10) => json!({"Gives": "Nothing"}),
            "Branch" => {
                let at = self.random.below(10);
                json!({"Branches": [{"outlet": "high", "condition": format!("$x > {at}")}]})
            }
            "Wait" => json!({"Seconds": 1 + self.random.below(30)}),
            _ => json!({}),
        };
        let before = self.drawn.len();
        let component = self.add(kind, properties);
        for _ in 0..[1, 1, 1, 2, 2, 3][self.random.below(6)] {
            // Rather behind one of the last few, so that flows are deep.
            let back = 1 + self.random.below(self.random_reach(before));
            let (source, source_kind) = self.drawn[before - back].clone();
            let outlet = self.outlet_of(source_kind);
            self.link(&source, outlet, &component, kind);
        }
    }

    fn random_reach(&self, before: usize) -> usize {
        before.min(4)
    }

    fn outlet_of(&mut self, kind: &str) -> &'static str {
        match kind {
            "Work" | "Act" if self.random.percent(20) => "error",
            "Branch" if self.random.percent(50) => "high",
            "Branch" => "otherwise",
            _ => "out",
        }
    }

    /// Links, unless streams with different fields would meet at one inlet.
    fn link(&mut self, source: &ComponentId, outlet: &'static str, component: &ComponentId, kind: &str) {
        let fields = self.fields_of(source, outlet);
        let has_two_inlets = matches!(kind, "Work" | "Act");
        let inlet = if has_two_inlets && fields == "error" { "problem" } else { "in" };
        let meets = self.flow.links.iter().filter(|link| link.to == PortRef::new(component, inlet));
        let meets: Vec<String> = meets.map(|link| self.fields_of(&link.from.component, &link.from.port)).collect();
        if meets.iter().all(|other| *other == fields) {
            self.flow.links.insert(Link { from: PortRef::new(source, outlet), to: PortRef::new(component, inlet) });
        }
    }

    /// Which fields leave an outlet: those of an error, those that Work makes, or the inputs.
    fn fields_of(&self, source: &ComponentId, outlet: &str) -> String {
        let kind = self.flow.components[source].kind.as_str();
        match kind {
            _ if outlet == "error" => "error".to_owned(),
            "Start" => "inputs".to_owned(),
            "Work" | "Act" => "made".to_owned(),
            _ => {
                let before = self.flow.links.iter().find(|link| link.to.component == *source);
                before.map_or("inputs".to_owned(), |link| self.fields_of(&link.from.component, &link.from.port))
            }
        }
    }

    /// Lets some components fail: for ever where the error is handled, and one of them until a retry.
    fn decide_failures(&mut self) -> Option<ComponentId> {
        let is_handled =
            |flow: &Flow, id: &ComponentId| flow.links.iter().any(|link| link.from == PortRef::new(id, "error"));
        let workers: Vec<ComponentId> =
            self.drawn.iter().filter(|(_, kind)| matches!(*kind, "Work" | "Act")).map(|(id, _)| id.clone()).collect();
        for id in &workers {
            if is_handled(&self.flow, id) && self.random.percent(50) {
                self.set(id, "Fails", "Always");
            }
        }
        if workers.is_empty() || !self.random.percent(40) {
            return None;
        }
        let once = workers[self.random.below(workers.len())].clone();
        self.set(&once, "Fails", "UntilRetry");
        if is_handled(&self.flow, &once) && self.random.percent(70) {
            let fail = self.add("Fail", json!({"Message": "it failed", "Retry": true}));
            self.flow.links.insert(Link { from: PortRef::new(&once, "error"), to: PortRef::new(&fail, "in") });
        }
        Some(once)
    }

    fn set(&mut self, id: &ComponentId, property: &str, value: &str) {
        self.flow.components.get_mut(id).unwrap().properties.insert(property.to_owned(), json!(value));
    }

    /// Puts an End behind some of the components that nothing follows.
    fn end_some_paths(&mut self) {
        let ends: Vec<(ComponentId, &'static str)> = self.drawn.clone();
        for (id, kind) in ends {
            let followed = self.flow.links.iter().any(|link| link.from.component == id);
            if !followed && kind != "Fail" && self.random.percent(50) {
                let end = self.add("End", json!({}));
                let outlet = if kind == "Branch" { "otherwise" } else { "out" };
                self.flow.links.insert(Link { from: PortRef::new(&id, outlet), to: PortRef::new(&end, "in") });
            }
        }
    }
}
