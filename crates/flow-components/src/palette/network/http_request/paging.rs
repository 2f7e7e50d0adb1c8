//! Answers that come page by page: where the next page is, and when there is none.

use super::call::{Call, shown};
use super::json_path::JsonPath;
use crate::ComponentError;
use crate::http::Endpoint;
use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;
use std::collections::HashSet;

/// How the pages of an answer follow one another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    /// There is one answer.
    None,
    /// The `Link` header of a page names the next (RFC 8288).
    LinkHeader,
    /// A place in the body holds the URL of the next page.
    Link,
    /// A place in the body holds a mark, which is sent along for the next page.
    Cursor,
    /// A parameter holds the number of the page.
    Page,
    /// A parameter holds how many records came before.
    Offset,
}

/// How pages are asked for.
pub(super) struct Pages {
    pub(super) paging: Paging,
    /// The query parameter for page number, offset or mark.
    pub(super) parameter: String,
    /// The number of the first page.
    pub(super) start: u64,
    /// How many records a page is to have; 0 for what the server gives.
    pub(super) size: u64,
    /// The query parameter for the size.
    pub(super) size_parameter: String,
    /// Where the body holds the next link or mark.
    pub(super) next_at: JsonPath,
    /// The most pages that are asked for.
    pub(super) limit: usize,
}

/// What there is to know of a page, to find the next one.
pub(super) struct Page {
    /// Where it came from, after redirects.
    pub(super) url: Url,
    /// How many records it had.
    pub(super) records: u64,
    /// The link or mark that it holds for the next page.
    pub(super) mark: Option<String>,
}

impl Pages {
    /// Whether the body of an answer must be read as JSON to find the next page.
    pub(super) fn need_body(&self) -> bool {
        matches!(self.paging, Paging::Link | Paging::Cursor)
    }

    /// The link or mark for the next page. In the body nothing, null, false and an empty text all mean that there is
    /// none.
    pub(super) fn mark(&self, headers: &HeaderMap, body: Option<&Value>) -> Option<String> {
        if self.paging == Paging::LinkHeader {
            return next_link(headers);
        }
        match self.next_at.find(body.filter(|_| self.need_body())?)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// The way through the pages of one answer.
pub(super) struct Turning<'a> {
    pages: &'a Pages,
    endpoint: &'a Endpoint,
    /// Pages received.
    received: usize,
    records: u64,
    /// The URLs asked for, to notice pages that lead back to themselves.
    asked: HashSet<Url>,
}

impl<'a> Turning<'a> {
    pub(super) fn new(pages: &'a Pages, endpoint: &'a Endpoint) -> Self {
        Self { pages, endpoint, received: 0, records: 0, asked: HashSet::new() }
    }

    /// How many pages there were.
    pub(super) fn received(&self) -> usize {
        self.received
    }

    /// The call for the first page.
    pub(super) fn first(&self, mut call: Call) -> Call {
        let Pages { paging, parameter, start, size, size_parameter, .. } = self.pages;
        if *paging != Paging::None && *size > 0 && !size_parameter.is_empty() {
            set_parameter(&mut call.url, size_parameter, &size.to_string());
        }
        match paging {
            Paging::Page => set_parameter(&mut call.url, parameter, &start.to_string()),
            Paging::Offset => set_parameter(&mut call.url, parameter, "0"),
            Paging::None | Paging::LinkHeader | Paging::Link | Paging::Cursor => {}
        }
        call
    }

    /// The call for the page after the one that `call` brought; `None` if it was the last.
    pub(super) fn next(&mut self, call: &Call, page: &Page) -> Result<Option<Call>, ComponentError> {
        self.received += 1;
        self.records += page.records;
        let Some(url) = self.next_url(call, page)? else { return Ok(None) };
        self.asked.insert(call.url.clone());
        if self.asked.contains(&url) {
            let message = format!(
                "{}: page {} leads back to a page that came before, {}",
                call.place(),
                self.received,
                shown(&url)
            );
            return Err(ComponentError::new("http/paging-loop", message).on("Paging"));
        }
        if self.received >= self.pages.limit {
            let message = format!(
                "{}: there are more than {} pages; raise PageLimit, or ask for less",
                call.place(),
                self.pages.limit
            );
            return Err(ComponentError::new("http/too-many-pages", message).on("PageLimit"));
        }
        Ok(Some(Call { url, ..call.clone() }))
    }

    fn next_url(&self, call: &Call, page: &Page) -> Result<Option<Url>, ComponentError> {
        let with = |value: String| {
            let mut url = call.url.clone();
            set_parameter(&mut url, &self.pages.parameter, &value);
            Some(url)
        };
        // A page that is not full is the last; without a known size, an empty one.
        let goes_on = page.records > 0 && (self.pages.size == 0 || page.records >= self.pages.size);
        Ok(match self.pages.paging {
            Paging::None => None,
            Paging::LinkHeader | Paging::Link => {
                page.mark.as_ref().map(|link| self.linked(call, page, link)).transpose()?
            }
            Paging::Cursor => page.mark.clone().and_then(with),
            Paging::Page => goes_on.then(|| with((self.pages.start + self.received as u64).to_string())).flatten(),
            Paging::Offset => goes_on.then(|| with(self.records.to_string())).flatten(),
        })
    }

    /// A link to the next page, which may be relative. It must not lead the connection's secrets to another server.
    fn linked(&self, call: &Call, page: &Page, link: &str) -> Result<Url, ComponentError> {
        let next = page.url.join(link).ok().and_then(|url| self.endpoint.same_server(url));
        next.ok_or_else(|| {
            let message = format!(
                "{}: page {} names “{}” as the next one, which is on another server, or no URL",
                call.place(),
                self.received,
                Url::parse(link).map_or_else(|_| link.chars().take(100).collect(), |url| shown(&url))
            );
            ComponentError::new("http/paging-elsewhere", message).on("Paging")
        })
    }
}

/// Sets a query parameter, in place of one of the same name.
fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(key, _)| key != name).map(|(key, value)| (key.into(), value.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
}

/// The target of the link with the relation `next`.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(links).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target.to_owned())
}

/// The links of a header: `<target>; rel="next", <target>; …`, each with its parameters. Targets may hold commas.
fn links(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((_, rest)) = text.split_once('<') {
        let Some((target, rest)) = rest.split_once('>') else { break };
        let end = rest.find('<').unwrap_or(rest.len());
        found.push((target, &rest[..end]));
        text = &rest[end..];
    }
    found
}

fn is_next(parameters: &str) -> bool {
    parameters.split([';', ',']).any(|parameter| {
        let Some((name, value)) = parameter.split_once('=') else { return false };
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn next(text: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(LINK, HeaderValue::from_str(text).unwrap());
        next_link(&headers)
    }

    #[test]
    fn the_link_with_the_relation_next_is_found() {
        for (text, expected) in [
            (r#"<https://a/?p=2>; rel="next""#, Some("https://a/?p=2")),
            (r#"<https://a/?p=1>; rel="prev", </x,y?p=3>; title="a"; rel=next"#, Some("/x,y?p=3")),
            (r#"<a>; rel="last next""#, Some("a")),
            (r#"<a>; rel="nextpage""#, None),
            ("nonsense", None),
            ("<a", None),
        ] {
            assert_eq!(next(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_parameter_takes_the_place_of_one_with_the_same_name() {
        let mut url = Url::parse("http://a/b?page=1&q=x%20y").unwrap();
        set_parameter(&mut url, "page", "2");
        assert_eq!(url.query(), Some("q=x+y&page=2"));
    }
}
