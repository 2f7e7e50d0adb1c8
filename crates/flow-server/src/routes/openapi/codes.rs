//! With which codes an endpoint refuses: those that it states itself, and those that follow from who may call it and from
//! what it takes.

use crate::auth::Access;
use crate::problem::passed_on::{STORE_FULL, STORE_UNAVAILABLE};
use crate::problem::passing;
use crate::problem::{AnsweredCode, Refusal};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flow_api::codes::{
    AUTH_CSRF, AUTH_FORBIDDEN, AUTH_PASSWORD_EXPIRED, AUTH_REQUIRED, Code, INPUT_MALFORMED, INPUT_TOO_LARGE,
    INPUT_TOO_SLOW, SERVER_BUSY, SERVER_INTERNAL,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, Header, HeaderBuilder, Object, Ref, RefOr, ResponseBuilder, Type};

/// The member of an operation that names the codes of its errors.
pub const CODES: &str = "x-codes";

/// What every endpoint may answer that asks the checkpoint database.
pub const STORE: &[Code] = &[STORE_UNAVAILABLE, STORE_FULL, SERVER_INTERNAL];

/// A code as it stands in an operation until the document is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    pub code: String,
    pub status: u16,
    pub title: String,
}

impl From<Code> for Stated {
    fn from(Code { code, status, title }: Code) -> Self {
        Self { code: code.to_owned(), status, title: title.to_owned() }
    }
}

/// What [`refusals!`] puts into an operation.
pub fn state(groups: &[&[Code]]) -> Value {
    groups.concat().into_iter().map(|code| json!(Stated::from(code))).collect()
}

/// For the `extensions` of every endpoint: `("x-codes" = json!(refusals!(REQUEST_NOT_FOUND, REQUEST_STATE; STORAGE)))` states the
/// codes that it refuses with by itself, and behind the semicolon whole groups of them.
macro_rules! refusals {
    ($($code:ident),* $(; $($group:ident),+)?) => {{
        #[allow(unused_imports, reason = "each endpoint has codes of its own")]
        use {crate::problem::passed_on::*, crate::routes::openapi::STORE, flow_api::codes::*};
        crate::routes::openapi::state(&[&[$($code),*], $($($group),+)?])
    }};
}
pub(in crate::routes) use refusals;

/// Completes what an operation states by what follows from who may call it and what it takes, and describes the answers.
/// Gives the codes; none for an operation that states nothing, which a test finds.
pub fn complete(operation: &mut Operation, method: &str, access: Access) -> Vec<String> {
    let extensions = operation.extensions.get_or_insert_default();
    let Some(own) = extensions.get(CODES) else { return Vec::new() };
    let mut codes: Vec<Stated> = serde_json::from_value(own.clone()).unwrap_or_default();
    codes.extend(implied(operation, method, access).into_iter().map(Stated::from));
    let mut by_status: BTreeMap<u16, Vec<&Stated>> = BTreeMap::new();
    for code in &codes {
        let same = by_status.entry(code.status).or_default();
        if !same.contains(&code) {
            same.push(code);
        }
    }
    for (status, codes) in &by_status {
        let mut titles: Vec<&str> = codes.iter().map(|code| code.title.as_str()).collect();
        titles.dedup();
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let mut answer =
            ResponseBuilder::new().description(titles.join("; ")).content("application/problem+json", problem);
        if codes.iter().any(|code| passing::says_when(&code.code)) {
            answer = answer.header("Retry-After", retry_after());
        }
        operation.responses.responses.insert(status.to_string(), answer.build().into());
    }
    let stated: Vec<&Stated> = by_status.into_values().flatten().collect();
    let names = stated.iter().map(|code| code.code.clone()).collect();
    let stated = json!(stated);
    operation.extensions.get_or_insert_default().insert(CODES.to_owned(), stated);
    names
}

/// The header of refusals that pass by themselves.
fn retry_after() -> Header {
    let description = "After so many seconds another try may go well. Only with codes that pass by themselves";
    HeaderBuilder::new().schema(Some(Object::with_type(Type::Integer))).description(Some(description)).build()
}

fn implied(operation: &Operation, method: &str, access: Access) -> Vec<Code> {
    let mut codes: Vec<Code> = Vec::new();
    if access != Access::Anybody {
        codes.extend([AUTH_REQUIRED, AUTH_FORBIDDEN, AUTH_PASSWORD_EXPIRED]);
        codes.extend(STORE);
        codes.extend((method != "get").then_some(AUTH_CSRF));
    }
    let is_read = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Path | ParameterIn::Query),
        RefOr::Ref(_) => true,
    };
    if operation.parameters.iter().flatten().any(is_read) {
        codes.push(INPUT_MALFORMED);
    }
    if operation.request_body.is_some() {
        codes.extend([INPUT_MALFORMED, INPUT_TOO_LARGE, INPUT_TOO_SLOW, SERVER_BUSY]);
    }
    codes
}

/// The layer around every endpoint of a development build: what is answered stands in the document. Whatever does not is
/// answered as an error of the server's own, so that every test of an endpoint is a test of its part of the document too.
pub async fn only_stated(State(stated): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    match response.extensions().get::<AnsweredCode>() {
        Some(AnsweredCode(code)) if !stated.contains(code) => {
            let error = format!("{what} answers {code}, which its part of the document does not name");
            Refusal::internal(&error).into_response()
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Reply;
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use flow_api::Problem;
    use flow_api::codes;

    #[tokio::test]
    async fn a_code_that_the_document_does_not_name_is_found() {
        async fn refuse() -> Reply<()> {
            Err(Refusal::new(codes::REQUEST_STATE, "it runs"))
        }
        let answered = async |stated: &[&str]| {
            let stated: Arc<[String]> = stated.iter().map(|&code| code.to_owned()).collect();
            let router = Router::new().route("/", get(refuse).route_layer(from_fn_with_state(stated, only_stated)));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}/", listener.local_addr().unwrap());
            let serving = tokio::spawn(axum::serve(listener, router).into_future());
            let problem: Problem = reqwest::get(address).await.unwrap().json().await.unwrap();
            serving.abort();
            problem.code
        };
        assert_eq!(answered(&["request/not-found", "request/state"]).await, "request/state");
        assert_eq!(answered(&["request/not-found"]).await, "server/internal");
    }

    #[test]
    fn codes_follow_from_who_may_call_and_from_what_is_taken() {
        let own = refusals!(REQUEST_NOT_FOUND, INPUT_MALFORMED; STORAGE);
        let extensions = utoipa::openapi::extensions::ExtensionsBuilder::new().add(CODES, own).build();
        let body = utoipa::openapi::request_body::RequestBody::new();
        let mut operation = Operation::new();
        assert!(complete(&mut operation, "get", Access::Anybody).is_empty(), "nothing is stated");
        operation.extensions = Some(extensions);
        operation.request_body = Some(RefOr::T(body));
        let codes = complete(&mut operation, "post", Access::AtLeast(flow_api::Role::Viewer));
        for code in ["request/not-found", "storage/corrupt", "auth/required", "auth/csrf", "input/too-large"] {
            assert!(codes.iter().any(|known| known == code), "{code}");
        }
        assert_eq!(codes.iter().filter(|code| *code == "input/malformed").count(), 1);
        assert!(operation.responses.responses.contains_key("413"));
        let says_when = |status: &str| match operation.responses.responses.get(status) {
            Some(RefOr::T(answer)) => answer.headers.contains_key("Retry-After"),
            _ => panic!("{status} is described"),
        };
        assert!(says_when("503") && !says_when("404"), "the database may be away; what is not there stays away");
    }
}
