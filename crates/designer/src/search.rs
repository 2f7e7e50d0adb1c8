//! Searching all flows of the project: their names, and the names, properties and expressions of their components.

use crate::background::blocking;
use crate::{Command, CommandError, Designer};
use flow_model::{Component, ComponentId, Flow, FlowName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// How many hits are told unless another number is asked for.
const LIMIT: usize = 300;
/// How much of a text is told around a hit, in characters before and after.
const AROUND: (usize, usize) = (30, 90);

/// Looks for a text in all flows of the project, those that are open as they are in the designer. Upper and lower case
/// are the same.
#[derive(Debug, Deserialize, TS)]
pub struct Search {
    /// What to look for.
    pub text: String,
    /// The most hits to tell.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<usize>,
}

/// The answer of `search`.
#[derive(Debug, PartialEq, Serialize, TS)]
pub struct SearchFound {
    /// The hits by flow, and in it by component.
    pub hits: Vec<SearchHit>,
    /// Whether there are more than are told.
    pub more: bool,
}

/// A place where the text is.
#[derive(Debug, PartialEq, Serialize, TS)]
pub struct SearchHit {
    /// The flow.
    pub flow: FlowName,
    /// The component or group; none for what belongs to the flow itself.
    pub component: Option<ComponentId>,
    /// Its name.
    pub name: String,
    /// The component's type; none for a group and for the flow itself.
    pub kind: Option<String>,
    /// The property that holds the text; none where a name does.
    pub property: Option<String>,
    /// What is there: the text with some of what is around it.
    pub excerpt: String,
    /// From where to where in the excerpt the text is, in UTF-16 code units.
    pub range: (u32, u32),
}

impl Command for Search {
    const NAME: &'static str = "search";
    type Output = SearchFound;

    async fn run(self, designer: Arc<Designer>) -> Result<SearchFound, CommandError> {
        let project = designer.project()?;
        blocking(move || Ok(search(&project.flows_now(), &self.text, self.limit.unwrap_or(LIMIT)))).await
    }
}

/// Looks for `text` in the flows.
fn search(flows: &BTreeMap<FlowName, Flow>, text: &str, limit: usize) -> SearchFound {
    let sought: Vec<char> = lower(text.trim()).map(|(letter, _)| letter).collect();
    let mut found = SearchFound { hits: Vec::new(), more: false };
    if sought.is_empty() {
        return found;
    }
    for (name, flow) in flows {
        let mut looked = Looking { sought: &sought, flow: name, hits: Vec::new() };
        looked.at_flow(flow);
        found.hits.append(&mut looked.hits);
        if found.hits.len() > limit {
            found.hits.truncate(limit);
            found.more = true;
            break;
        }
    }
    found
}

/// Looking through one flow.
struct Looking<'a> {
    sought: &'a [char],
    flow: &'a FlowName,
    hits: Vec<SearchHit>,
}

/// Where a text stands.
#[derive(Clone, Copy)]
struct Spot<'a> {
    component: Option<&'a ComponentId>,
    name: &'a str,
    kind: Option<&'a str>,
    property: Option<&'a str>,
}

impl Looking<'_> {
    fn at_flow(&mut self, flow: &Flow) {
        let name = self.flow.to_string();
        let here = Spot { component: None, name: &name, kind: None, property: None };
        self.at_text(here, &name);
        self.at_text(Spot { property: Some("description"), ..here }, &flow.description);
        for (id, component) in &flow.components {
            self.at_component(id, component);
        }
        for (id, group) in &flow.groups {
            let here = Spot { component: Some(id), name: &group.title, kind: None, property: None };
            self.at_text(here, &group.title);
            self.at_text(Spot { property: Some("note"), ..here }, &group.note);
        }
    }

    fn at_component(&mut self, id: &ComponentId, component: &Component) {
        let here = Spot { component: Some(id), name: &component.name, kind: Some(&component.kind), property: None };
        if !self.at_text(here, &component.name) {
            self.at_text(here, &component.kind);
        }
        for (property, value) in &component.properties {
            self.at_value(Spot { property: Some(property), ..here }, value);
        }
    }

    fn at_value(&mut self, spot: Spot<'_>, value: &Value) {
        match value {
            Value::String(text) => drop(self.at_text(spot, text)),
            Value::Number(number) => drop(self.at_text(spot, &number.to_string())),
            Value::Array(values) => values.iter().for_each(|value| self.at_value(spot, value)),
            Value::Object(members) => members.values().for_each(|value| self.at_value(spot, value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Takes note of the first place in `text` where the sought text is, if there is one.
    fn at_text(&mut self, spot: Spot<'_>, text: &str) -> bool {
        let Some(at) = find(text, self.sought) else { return false };
        let (excerpt, range) = excerpt(text, at);
        self.hits.push(SearchHit {
            flow: self.flow.clone(),
            component: spot.component.cloned(),
            name: spot.name.to_owned(),
            kind: spot.kind.map(str::to_owned),
            property: spot.property.map(str::to_owned),
            excerpt,
            range,
        });
        true
    }
}

/// The letters of a text in lower case, each with the place of the letter that it comes from.
fn lower(text: &str) -> impl Iterator<Item = (char, usize)> {
    text.char_indices().flat_map(|(at, letter)| letter.to_lowercase().map(move |lower| (lower, at)))
}

/// From where to where in `text`, in bytes, the sought letters are.
fn find(text: &str, sought: &[char]) -> Option<(usize, usize)> {
    let letters: Vec<(char, usize)> = lower(text).collect();
    let begin = letters.windows(sought.len()).position(|window| window.iter().map(|(letter, _)| letter).eq(sought))?;
    let (_, from) = *letters.get(begin)?;
    let (_, last) = *letters.get(begin + sought.len() - 1)?;
    let end =
        text.get(last..).and_then(|rest| rest.chars().next()).map_or(text.len(), |letter| last + letter.len_utf8());
    Some((from, end))
}

/// The line of the hit, or as much of it as is short, and where in that the hit is.
fn excerpt(text: &str, (from, to): (usize, usize)) -> (String, (u32, u32)) {
    let (before, rest) = text.split_at_checked(from).unwrap_or((text, ""));
    let (hit, after) = rest.split_at_checked(to - from).unwrap_or((rest, ""));
    let before = before.rsplit('\n').next().unwrap_or_default().trim_start();
    let after = after.split('\n').next().unwrap_or_default().trim_end();
    let letters = before.chars().count();
    let mut told: String = before.chars().skip(letters.saturating_sub(AROUND.0)).collect();
    if letters > AROUND.0 {
        told.insert(0, '…');
    }
    let begin = units(&told);
    told.push_str(hit);
    let end = units(&told);
    told.extend(after.chars().take(AROUND.1));
    if after.chars().nth(AROUND.1).is_some() {
        told.push('…');
    }
    (told, (begin, end))
}

fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{excerpt, find, lower};

    fn found(text: &str, sought: &str) -> Option<String> {
        let sought: Vec<char> = lower(sought).map(|(letter, _)| letter).collect();
        find(text, &sought).map(|(from, to)| text[from..to].to_owned())
    }

    #[test]
    fn case_is_the_same_in_every_script() {
        assert_eq!(found("Read Orders", "orders").as_deref(), Some("Orders"));
        assert_eq!(found("ÄRGER im Straßenbau", "ärger").as_deref(), Some("ÄRGER"));
        assert_eq!(found("ΣΊΣΥΦΟΣ", "σίσυ").as_deref(), Some("ΣΊΣΥ"));
        assert_eq!(found("İstanbul", "stan").as_deref(), Some("stan"));
        assert_eq!(found("قراءة الطلبات", "الطلبات").as_deref(), Some("الطلبات"));
        assert_eq!(found("short", "longer than that"), None);
    }

    #[test]
    fn an_excerpt_is_the_line_of_the_hit_cut_short() {
        let text = format!("SELECT a\n  FROM {} WHERE b = 1 AND 𝒃 > 2\nLIMIT 5", "x".repeat(50));
        let at = text.find("> 2").map(|from| (from, from + 3)).unwrap_or_default();
        let (told, (from, to)) = excerpt(&text, at);
        assert_eq!(told, "…xxxxxxxxxxx WHERE b = 1 AND 𝒃 > 2".to_owned());
        let units: Vec<u16> = told.encode_utf16().collect();
        assert_eq!(String::from_utf16_lossy(&units[from as usize..to as usize]), "> 2");
    }
}
