//! Whether a flow did what its test expects.

use crate::TestError;
use crate::compare::{Difference, differences, like, shown, unmatched};
use crate::document::{Content, ExpectedError, ExpectedRecords, SomeRecords, TestFile};
use crate::names::named;
use crate::surroundings::Surroundings;
use crate::watch::Watch;
use bytes::Bytes;
use flow_engine::OutletStream;
use flow_model::{ComponentId, Flow, OUT};
use flow_store::{Request, RequestError};
use serde_json::Value;
use std::collections::BTreeMap;

/// So many records at a place are looked at.
const MOST: usize = 10_000;

/// What came of a flow under test.
pub(crate) struct Findings<'a> {
    pub(crate) test: &'a TestFile,
    /// The flow, if it can be read.
    pub(crate) flow: Option<Flow>,
    /// The request as it ended, or why there was none.
    pub(crate) request: Result<Request, TestError>,
    pub(crate) watch: &'a Watch,
    pub(crate) surroundings: &'a Surroundings,
    /// The project's files.
    pub(crate) files: &'a BTreeMap<String, Bytes>,
}

/// The records that were seen at a place.
struct Records {
    /// How many there were.
    count: u64,
    /// Them, or the first of them.
    seen: Vec<Value>,
}

impl Findings<'_> {
    /// What is not as the test expects.
    pub(crate) fn differences(&self) -> Result<Vec<Difference>, TestError> {
        let mut all = self.end();
        for (place, expected) in &self.test.expect.records {
            all.extend(self.records(place, expected)?);
        }
        for (connection, expected) in &self.test.expect.requests {
            all.extend(self.requests(connection, expected));
        }
        for (connection, server) in &self.surroundings.servers {
            let asked = server.unanswered().into_iter();
            let place = format!("requests to {connection}");
            all.extend(asked.map(|asked| Difference::new(&place, "a request that the test has an answer for", asked)));
        }
        for (path, expected) in &self.test.expect.files {
            all.extend(self.file(path, expected.as_ref())?);
        }
        all.extend(self.log());
        Ok(all)
    }

    /// State, reply and error.
    fn end(&self) -> Vec<Difference> {
        let expect = &self.test.expect;
        let state = expect.state.as_deref().unwrap_or(if expect.error.is_some() { "Error" } else { "Finished" });
        let (found, error) = match &self.request {
            Ok(request) => (request.state.to_string(), request.error.clone()),
            // The flow could not even begin.
            Err(failure) => (
                "Error".to_owned(),
                Some(RequestError { code: failure.code.clone(), message: failure.message.clone(), component: None }),
            ),
        };
        let mut all = Vec::new();
        let told = error.as_ref().map(|error| format!(": {} [{}]", error.message, error.code)).unwrap_or_default();
        if found != state {
            all.push(Difference::new("state", state, format!("{found}{told}")));
        }
        if let Some(expected) = &expect.error {
            all.extend(self.error(expected, error.as_ref()));
        }
        if let (Some(expected), Ok(request)) = (&expect.reply, &self.request) {
            all.extend(differences("reply", expected, request.reply.as_ref(), &self.test.compare));
        }
        all
    }

    fn error(&self, expected: &ExpectedError, found: Option<&RequestError>) -> Vec<Difference> {
        let Some(found) = found else { return vec![Difference::new("error", "an error", "none")] };
        let component = found.component.as_deref().unwrap_or_default();
        let name = ComponentId::parse(component).ok().and_then(|id| self.flow.as_ref()?.components.get(&id));
        let name = name.map_or(component, |component| component.name.as_str());
        let mut all = Vec::new();
        let mut check = |place: &str, pattern: &Option<String>, fits: &dyn Fn(&str) -> bool, found: &str| {
            if let Some(pattern) = pattern.as_ref().filter(|pattern| !fits(pattern)) {
                all.push(Difference::new(place, pattern.as_str(), found));
            }
        };
        check("error.code", &expected.code, &|pattern| like(pattern, &found.code), &found.code);
        let message = |pattern: &str| like(&format!("*{pattern}*"), &found.message);
        check("error.message", &expected.message, &message, &found.message);
        check("error.component", &expected.component, &|wanted| wanted == name || wanted == component, name);
        all
    }

    fn records(&self, at: &str, expected: &ExpectedRecords) -> Result<Vec<Difference>, TestError> {
        let place = format!("records at {at}");
        let records = match self.find(at)? {
            Ok(records) => records,
            Err(why) => return Ok(vec![Difference::new(&place, "records", why)]),
        };
        Ok(match expected {
            ExpectedRecords::All(expected) => self.all(&place, expected, &records),
            ExpectedRecords::Some(expected) => self.some(&place, expected, &records),
        })
    }

    fn all(&self, place: &str, expected: &[Value], records: &Records) -> Vec<Difference> {
        let seen_all = records.seen.len() as u64 == records.count;
        if seen_all {
            let (expected, seen) = (Value::from(expected.to_vec()), Value::from(records.seen.clone()));
            return differences(place, &expected, Some(&seen), &self.test.compare);
        }
        let found = format!("{} records, of which the first {} can be looked at", records.count, records.seen.len());
        vec![Difference::new(place, "records that can all be looked at: expect count, first or contains", found)]
    }

    fn some(&self, place: &str, expected: &SomeRecords, records: &Records) -> Vec<Difference> {
        let mut all = Vec::new();
        if let Some(count) = expected.count.filter(|count| *count != records.count) {
            all.push(Difference::new(&format!("{place}: count"), count.to_string(), records.count.to_string()));
        }
        let first: Vec<Value> = records.seen.iter().take(expected.first.len()).cloned().collect();
        let wanted = Value::from(expected.first.clone());
        all.extend(differences(&format!("{place}: first"), &wanted, Some(&Value::from(first)), &self.test.compare));
        let (missing, _) = unmatched(&expected.contains, &records.seen, &self.test.compare);
        let place = format!("{place}: contains");
        all.extend(missing.into_iter().map(|value| Difference::new(&place, shown(value), "nothing like it")));
        all
    }

    /// The records at a component, `NAME` or `NAME.outlet`; or why there are none.
    fn find(&self, at: &str) -> Result<Result<Records, String>, TestError> {
        let Some(flow) = &self.flow else { return Ok(Err("the flow cannot be read".to_owned())) };
        let (ids, outlet) = named(flow, at);
        let id = match ids.as_slice() {
            [id] => id,
            [] => return Ok(Err(format!("the flow has no component “{at}”"))),
            _ => return Ok(Err(format!("several components are named “{at}”: use the id"))),
        };
        let runs = self.watch.outlets(id);
        if runs.is_empty() {
            return Ok(Err("the component did not run, or did not finish".to_owned()));
        }
        let chosen = |outlets: &[OutletStream]| -> Option<OutletStream> {
            let wanted = outlet.unwrap_or(OUT);
            let named = outlets.iter().find(|given| given.outlet == wanted);
            let only = outlets.first().filter(|_| outlet.is_none() && outlets.len() == 1);
            named.or(only).cloned()
        };
        let streams: Vec<OutletStream> = runs.iter().filter_map(|outlets| chosen(outlets)).collect();
        if streams.is_empty() {
            let given: Vec<&str> = runs.iter().flatten().map(|given| given.outlet.as_str()).collect();
            return Ok(Err(format!("nothing left there; it put out {}", given.join(", "))));
        }
        read(&streams).map(Ok)
    }

    fn requests(&self, connection: &str, expected: &[Value]) -> Vec<Difference> {
        let place = format!("requests to {connection}");
        let Some(server) = self.surroundings.servers.get(connection) else {
            return vec![Difference::new(&place, "answers for this connection in the test", "none")];
        };
        let found = Value::from(server.requests());
        differences(&place, &Value::from(expected.to_vec()), Some(&found), &self.test.compare)
    }

    fn file(&self, path: &str, expected: Option<&Content>) -> Result<Vec<Difference>, TestError> {
        let place = format!("file {path}");
        let found = std::fs::read(self.surroundings.place(path)?);
        Ok(match (expected, found) {
            (None, Err(_)) => Vec::new(),
            (None, Ok(found)) => vec![Difference::new(&place, "no file", format!("{} bytes", found.len()))],
            (Some(_), Err(error)) => vec![Difference::new(&place, "a file", error.to_string())],
            (Some(expected), Ok(found)) => match expected.json() {
                Some(json) => match serde_json::from_slice::<Value>(&found) {
                    Ok(found) => differences(&place, json, Some(&found), &self.test.compare),
                    Err(error) => vec![Difference::new(&place, "JSON", error.to_string())],
                },
                None => lines(&place, &expected.bytes(self.files)?, &found),
            },
        })
    }

    /// The expected lines must occur in this order, with any others between them.
    fn log(&self) -> Option<Difference> {
        let lines = self.watch.log();
        let mut left = lines.iter();
        let missing = self.test.expect.log.iter().find(|wanted| {
            let pattern = format!("*{wanted}*");
            !left.any(|line| like(&pattern, line))
        })?;
        let found = if lines.is_empty() { "an empty log".to_owned() } else { lines.join(" | ") };
        Some(Difference::new("log", missing.as_str(), found))
    }
}

/// The records of streams, one after the other.
fn read(streams: &[OutletStream]) -> Result<Records, TestError> {
    let mut records = Records { count: 0, seen: Vec::new() };
    for given in streams {
        let left = MOST.saturating_sub(records.seen.len());
        let rows = given.stream.to_json_rows(left).map_err(|error| TestError::new(error.code(), error.to_string()))?;
        records.count += given.rows.unwrap_or(rows.len() as u64);
        records.seen.extend(rows.into_iter().map(Value::Object));
    }
    Ok(records)
}

/// The first line in which two files differ. What is no text differs as a whole.
fn lines(place: &str, expected: &[u8], found: &[u8]) -> Vec<Difference> {
    let (Ok(expected_text), Ok(found_text)) = (std::str::from_utf8(expected), std::str::from_utf8(found)) else {
        let sizes = (format!("{} bytes", expected.len()), format!("{} other bytes", found.len()));
        return if expected == found { Vec::new() } else { vec![Difference::new(place, sizes.0, sizes.1)] };
    };
    let (mut expected, mut found) = (expected_text.lines(), found_text.lines());
    for number in 1_u64.. {
        let (one, other) = (expected.next(), found.next());
        if one.is_none() && other.is_none() {
            break;
        }
        if one != other {
            let shown = |line: Option<&str>| line.map_or("the end of the file".to_owned(), |line| format!("“{line}”"));
            return vec![Difference::new(&format!("{place}, line {number}"), shown(one), shown(other))];
        }
    }
    Vec::new()
}
