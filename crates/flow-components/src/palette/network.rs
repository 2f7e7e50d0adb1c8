//! HTTP, and other ways to reach other machines.

mod http_reply;
mod http_request;

use crate::ComponentType;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![Box::new(http_request::HttpRequest), Box::new(http_reply::HttpReply)]
}
