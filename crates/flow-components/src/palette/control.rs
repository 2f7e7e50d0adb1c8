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

use crate::ComponentType;

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
