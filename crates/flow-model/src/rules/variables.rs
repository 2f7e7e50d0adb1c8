//! Flow variables travel with the links. Where parallel paths join, they must not have set one variable differently.

use super::facts::{Facts, Part};
use crate::{ALWAYS_OUTLET, ComponentId, Diagnostic, ERROR_OUTLET, Graph, GraphLink, StartSettings};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Where a variable got its value: at a component, or (`None`) before the top level or the body began.
type Setter<'a> = Option<&'a ComponentId>;
/// For each variable that may be set, what may have set it last.
type Setters<'a> = BTreeMap<String, BTreeSet<Setter<'a>>>;
/// For each component that chooses between outlets, by index, those through which a place may have been reached. A
/// component that is not named was passed by no path or by some only.
type Choices<'a> = BTreeMap<usize, BTreeSet<&'a str>>;

pub(super) fn check(facts: &Facts, found: &mut Vec<Diagnostic>) {
    let inputs = StartSettings::of(facts.flow).map(|settings| settings.inputs).unwrap_or_default();
    let declared: BTreeSet<String> = inputs.into_iter().map(|input| input.name).collect();
    let mut sets: HashMap<&ComponentId, Vec<String>> = HashMap::new();
    let mut names: BTreeMap<String, usize> = declared.iter().map(|name| (name.clone(), 1)).collect();
    for (id, component) in &facts.flow.components {
        let set_here = facts.catalogue.sets(component);
        for name in &set_here {
            *names.entry(name.clone()).or_default() += 1;
        }
        if !set_here.is_empty() {
            sets.insert(id, set_here);
        }
    }
    // Most flows set each variable once: nothing can meet there.
    if names.values().all(|count| *count < 2) {
        return;
    }
    Check { facts, sets, found }.scope(None, &declared);
}

struct Check<'c, 'a> {
    facts: &'c Facts<'a>,
    /// The variables that each component sets.
    sets: HashMap<&'a ComponentId, Vec<String>>,
    found: &'c mut Vec<Diagnostic>,
}

impl<'a> Check<'_, 'a> {
    /// Checks the top level or a body, given the variables that are set when it begins; then the bodies within it.
    fn scope(&mut self, for_each: Option<&'a ComponentId>, set_before: &BTreeSet<String>) {
        let facts = self.facts;
        let Some(graph) = facts.graph(for_each) else { return };
        let at_begin: Setters = set_before.iter().map(|name| (name.clone(), BTreeSet::from([None]))).collect();
        let mut behind: Vec<(Setters, Choices)> = Vec::with_capacity(graph.order().len());
        for (at, id) in graph.order().iter().enumerate() {
            let Some((id, _)) = facts.flow.components.get_key_value(id) else { return };
            let incoming = graph.incoming(at);
            let (mut setters, choices) = match incoming {
                [] => (at_begin.clone(), Choices::new()),
                links => {
                    let arriving: Vec<Choices> = links.iter().map(|link| self.through(&graph, link, &behind)).collect();
                    self.report_conflicts(id, links, &arriving, &behind);
                    (merged_setters(links, &behind), merged_choices(&arriving))
                }
            };
            let set_here = self.sets.get(id).cloned().unwrap_or_default();
            if facts.scopes.all.contains_key(&Some(id)) {
                // What a ForEach sets, it sets for its body.
                let inside = setters.keys().cloned().chain(set_here).collect();
                self.scope(Some(id), &inside);
            } else {
                setters.extend(set_here.into_iter().map(|name| (name, BTreeSet::from([Some(id)]))));
            }
            behind.push((setters, choices));
        }
    }

    /// The choices that lead through `link`.
    fn through<'g>(&self, graph: &'g Graph, link: &'g GraphLink, behind: &[(Setters, Choices<'g>)]) -> Choices<'g> {
        let mut choices = behind[link.from].1.clone();
        let from = graph.order().get(link.from).and_then(|id| self.facts.flow.components.get_index_of(id));
        let is_branch = from.and_then(|from| self.facts.parts.get(from)).is_some_and(Part::chooses);
        match link.outlet.as_str() {
            ALWAYS_OUTLET => {}
            outlet if is_branch || outlet == ERROR_OUTLET => {
                choices.insert(link.from, BTreeSet::from([outlet]));
            }
            // Whatever a component puts out when it succeeds comes together.
            _ => {
                choices.insert(link.from, BTreeSet::from([""]));
            }
        }
        choices
    }

    fn report_conflicts(
        &mut self,
        join: &ComponentId,
        links: &[GraphLink],
        arriving: &[Choices],
        behind: &[(Setters, Choices)],
    ) {
        let mut conflicts: BTreeMap<&str, BTreeSet<Setter>> = BTreeMap::new();
        for (one, first) in links.iter().enumerate() {
            for (other, second) in links.iter().enumerate().skip(one + 1) {
                if exclude_each_other(&arriving[one], &arriving[other]) {
                    continue;
                }
                let (left, right) = (&behind[first.from].0, &behind[second.from].0);
                for (name, setters) in left {
                    if let Some(others) = right.get(name).filter(|others| *others != setters) {
                        conflicts.entry(name).or_default().extend(setters.union(others));
                    }
                }
            }
        }
        for (name, setters) in conflicts {
            let message = format!(
                "parallel paths join at “{}”, and the flow variable “{name}” is set differently on them ({}): set it on \
                 one of them only, or behind “{}”",
                self.name(join),
                setters.iter().map(|setter| self.setter(*setter)).collect::<Vec<_>>().join(", "),
                self.name(join)
            );
            self.found.push(Diagnostic::error("variable/set-on-parallel-paths", message).at(join));
        }
    }

    fn setter(&self, setter: Setter) -> String {
        setter.map_or_else(|| "before them".to_owned(), |id| format!("by “{}”", self.name(id)))
    }

    fn name(&self, id: &ComponentId) -> String {
        self.facts.flow.components.get(id).map_or_else(|| id.to_string(), |component| component.name.clone())
    }
}

/// Whether no request can take both ways: they need different outlets of a component that takes one only.
fn exclude_each_other(one: &Choices, other: &Choices) -> bool {
    one.iter().any(|(component, outlets)| other.get(component).is_some_and(|others| outlets.is_disjoint(others)))
}

fn merged_setters<'a>(links: &[GraphLink], behind: &[(Setters<'a>, Choices)]) -> Setters<'a> {
    let mut merged = Setters::new();
    for link in links {
        for (name, setters) in &behind[link.from].0 {
            merged.entry(name.clone()).or_default().extend(setters);
        }
    }
    merged
}

/// What holds whichever of the ways was taken: only what all of them say something about.
fn merged_choices<'a>(arriving: &[Choices<'a>]) -> Choices<'a> {
    let Some((first, rest)) = arriving.split_first() else { return Choices::new() };
    let mut merged = first.clone();
    for choices in rest {
        merged.retain(|component, outlets| {
            let others = choices.get(component);
            outlets.extend(others.into_iter().flatten());
            others.is_some()
        });
    }
    merged
}
