//! Which way a request goes, and what is saved of it.

mod assert;
mod branch;
mod checkpoint;
mod end;
mod fail;
mod for_each;
mod log;
mod set_variable;
mod start;
mod sub_flow;
mod wait;

use crate::describe::optional;
use crate::{ComponentError, ComponentType};
use flow_model::{PropertyDescription, PropertyKind};

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![
        Box::new(start::Start),
        Box::new(end::End),
        Box::new(branch::Branch),
        Box::new(for_each::ForEach),
        Box::new(sub_flow::SubFlow),
        Box::new(wait::Wait),
        Box::new(fail::Fail),
        Box::new(checkpoint::Checkpoint),
        Box::new(set_variable::SetVariable),
        Box::new(assert::Assert),
        Box::new(log::Log),
    ]
}

/// The property of what fails on purpose: whether another attempt may follow.
fn retry() -> PropertyDescription {
    let help = "Whether the request is tried again as Start says.";
    optional("Retry", "Retry", PropertyKind::Boolean, false, help)
}

/// An error that means it, or that another attempt may be spared.
fn failing(error: ComponentError, retry: bool) -> ComponentError {
    if retry { error } else { error.for_good() }
}
