//! What happens to records.

mod aggregate;
mod distinct;
mod filter;
mod format;
mod javascript;
mod join;
mod mapper;
mod parse;
mod sort;
mod sql;
mod union;
mod unnest;

use crate::{ComponentError, ComponentType, Design, RunContext};
use flow_data::{DataError, Stream};
use flow_model::{ERROR_OUTLET, OUT, Ports};
use serde_json::Value;
use std::sync::Arc;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![
        Box::new(mapper::Mapper),
        Box::new(filter::Filter),
        Box::new(sort::Sort),
        Box::new(aggregate::Aggregate),
        Box::new(join::Join),
        Box::new(union::Union),
        Box::new(distinct::Distinct),
        Box::new(unnest::Unnest),
        Box::new(sql::Sql),
        Box::new(parse::Parse),
        Box::new(format::Format),
        Box::new(javascript::JavaScript),
    ]
}

/// Streams in memory of at most so many records are worked on at once: handing them to another thread costs more.
const SMALL: usize = 16 * 1024;

/// Does work that reads `streams`, where that holds nobody up.
async fn reading<T: Send + 'static>(
    run: &RunContext<'_>,
    streams: &[&Stream],
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    let is_small = |stream: &&Stream| stream.held().is_some() && stream.rows().is_some_and(|rows| rows <= SMALL);
    if streams.iter().all(is_small) { work() } else { run.blocking(work).await }
}

/// Ports with the inlets that the property *Inlets* names.
fn ports_with_inlets(component: &flow_model::Component, default: &[&str]) -> Ports {
    let set = component.properties.get("Inlets").and_then(Value::as_array);
    let named: Option<Vec<&str>> = set.map(|names| names.iter().filter_map(Value::as_str).collect());
    Ports::named(named.as_deref().unwrap_or(default), &[OUT, ERROR_OUTLET])
}

/// Says which fields leave, or what is wrong with the property that the plan was made from.
fn design_planned(design: &mut Design<'_>, property: &str, planned: Result<Stream, DataError>) {
    match planned {
        Ok(stream) => design.outlet(OUT, Arc::clone(stream.schema())),
        Err(error) => design.planning_problem(property, &error),
    }
}
