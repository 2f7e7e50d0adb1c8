//! The flows and components that a test names: whether they are there, and the same test once components have other names.

use crate::document::TestFile;
use flow_model::{Component, ComponentId, Diagnostic, Flow, FlowName};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The components that a test means by `NAME` or `NAME.outlet`, and the outlet, if one is named. Ids do for names.
pub(crate) fn named<'a>(flow: &Flow, at: &'a str) -> (Vec<ComponentId>, Option<&'a str>) {
    let all = |text: &str| -> Vec<ComponentId> {
        let fits = |(id, component): &(&ComponentId, &Component)| component.name == text || id.as_str() == text;
        flow.components.iter().filter(fits).map(|(id, _)| id.clone()).collect()
    };
    match (all(at), at.rsplit_once('.')) {
        (ids, Some((name, outlet))) if ids.is_empty() => (all(name), Some(outlet)),
        (ids, _) => (ids, None),
    }
}

/// What is wrong with the file of a test, as far as that is seen without running it: it cannot be read, or names flows or
/// components that are not there. `names` are all flows of the project, `flows` those that can be read. Codes: `test/syntax`,
/// `test/too-new`; as warnings, since nothing but the test fails: `test/unknown-flow`, `test/unknown-component`.
pub fn check(content: &[u8], names: &[FlowName], flows: &BTreeMap<FlowName, Flow>) -> Vec<Diagnostic> {
    let test = match TestFile::read(content) {
        Ok(test) => test,
        Err(error) => return vec![Diagnostic::error(&error.code, error.message)],
    };
    let is_there = |name: &str| names.iter().any(|known| known.as_str() == name);
    let calls = |member, calls: &[crate::document::Call]| {
        calls.iter().map(|call| (member, call.flow.clone())).collect::<Vec<(&str, String)>>()
    };
    let mut all = vec![("flow", test.flow.clone())];
    all.extend(calls("before", &test.before));
    all.extend(calls("after", &test.after));
    let unknown = all.into_iter().filter(|(_, name)| !is_there(name));
    let mut found: Vec<Diagnostic> = unknown
        .map(|(member, name)| {
            let message = format!("the project has no flow “{name}”: name one of its flows in the test");
            Diagnostic::warning("test/unknown-flow", message).on(member)
        })
        .collect();
    // Of a flow that cannot be read its own file tells.
    let flow = FlowName::parse(&test.flow).ok().and_then(|name| flows.get(&name));
    found.extend(flow.into_iter().flat_map(|flow| unknown_components(&test, flow, flows)));
    found
}

fn unknown_components(test: &TestFile, flow: &Flow, flows: &BTreeMap<FlowName, Flow>) -> Vec<Diagnostic> {
    let has = |flow: &Flow, at: &str| !named(flow, at).0.is_empty();
    let records = test.expect.records.keys().filter(|at| !has(flow, at));
    let records = records.map(|at| (format!("expect.records.{at}"), at));
    // An error may come from a flow that is called.
    let error = test.expect.error.iter().filter_map(|error| error.component.as_ref());
    let error = error.filter(|at| !flows.values().any(|flow| has(flow, at)));
    records
        .chain(error.map(|at| ("expect.error.component".to_owned(), at)))
        .map(|(place, at)| {
            let message =
                format!("the flow “{}” has no component “{at}”: write the name that it has now, or its id", test.flow);
            Diagnostic::warning("test/unknown-component", message).on(&place)
        })
        .collect()
}

/// The parts of a test's file in which components are named, as they are written.
#[derive(Deserialize)]
struct Written<'a> {
    flow: String,
    #[serde(borrow)]
    expect: Option<WrittenExpectation<'a>>,
}

#[derive(Deserialize)]
struct WrittenExpectation<'a> {
    #[serde(borrow)]
    records: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<WrittenError<'a>>,
}

#[derive(Deserialize)]
struct WrittenError<'a> {
    #[serde(borrow)]
    component: Option<&'a RawValue>,
}

/// The file of a test of `flow`, with the names that components got between `before` and `after` in the place of those that
/// they had, and all else as it is written. `None` where the test names none of them, or cannot be read.
pub fn renamed(content: &str, flow: &FlowName, before: &Flow, after: &Flow) -> Option<String> {
    let written: Written<'_> = serde_json::from_str(content).ok()?;
    let expect = written.expect.filter(|_| written.flow == flow.as_str())?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    if let Some(records) = expect.records {
        let (text, begin) = (records.get(), offset(content, records.get()));
        let mut names = BTreeSet::new();
        for key in keys(text) {
            let name: String = serde_json::from_str(&text[key.clone()]).ok()?;
            let new = new_name(&name, before, after);
            if !names.insert(new.clone().unwrap_or(name)) {
                // One member would hide the other.
                return None;
            }
            changes.extend(new.map(|new| (begin + key.start..begin + key.end, new)));
        }
    }
    if let Some(component) = expect.error.and_then(|error| error.component) {
        let (text, begin) = (component.get(), offset(content, component.get()));
        let new = serde_json::from_str::<String>(text).ok().and_then(|name| new_name(&name, before, after));
        changes.extend(new.map(|new| (begin..begin + text.len(), new)));
    }
    if changes.is_empty() {
        return None;
    }
    changes.sort_by_key(|(place, _)| place.start);
    let (mut all, mut at) = (String::with_capacity(content.len()), 0);
    for (place, new) in changes {
        all.push_str(&content[at..place.start]);
        all.push_str(&serde_json::Value::from(new).to_string());
        at = place.end;
    }
    all.push_str(&content[at..]);
    Some(all)
}

/// What the component that was meant by `at` is called now; `None` where that is the same. Its id, if others have its name.
fn new_name(at: &str, before: &Flow, after: &Flow) -> Option<String> {
    let (ids, outlet) = named(before, at);
    let [id] = ids.as_slice() else { return None };
    let (old, new) = (&before.components.get(id)?.name, &after.components.get(id)?.name);
    let was_named = match outlet {
        Some(outlet) => at.strip_suffix(outlet)?.strip_suffix('.')? == old,
        None => at == old,
    };
    if old == new || !was_named {
        return None;
    }
    let is_alone = after.components.values().filter(|component| component.name == *new).count() == 1;
    let called = if is_alone { new.as_str() } else { id.as_str() };
    Some(outlet.map_or_else(|| called.to_owned(), |outlet| format!("{called}.{outlet}")))
}

/// Where in `content` its part `part` begins.
fn offset(content: &str, part: &str) -> usize {
    part.as_ptr() as usize - content.as_ptr() as usize
}

/// Where the keys of the object that `text` writes stand, with their quotes.
fn keys(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut found, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        let end = if *byte == b'"' { end_of_text(bytes, at) } else { at + 1 };
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' if depth == 1 && text[end..].trim_start().starts_with(':') => found.push(at..end),
            _ => {}
        }
        at = end;
    }
    found
}

/// Behind the closing quote of the text that begins at `from`.
fn end_of_text(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
        at += if *byte == b'\\' { 2 } else { 1 };
    }
    bytes.len().min(at + 1)
}

#[cfg(test)]
mod tests;
