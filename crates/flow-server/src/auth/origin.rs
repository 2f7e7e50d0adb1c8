use crate::problem::{Refusal, Reply};
use axum::http::{HeaderMap, header};
use flow_api::codes;

/// Refuses a change that a page of another origin asks for, as far as the browser tells. Programs tell nothing.
pub fn check_origin(headers: &HeaderMap) -> Reply<()> {
    let text = |value: &axum::http::HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    if let Some(site) = headers.get("sec-fetch-site").map(text) {
        return if matches!(site.as_str(), "same-origin" | "none") { Ok(()) } else { Err(foreign(&site)) };
    }
    let Some(origin) = headers.get(header::ORIGIN).map(text) else { return Ok(()) };
    let own = [headers.get(header::HOST), headers.get("x-forwarded-host")].into_iter().flatten().map(text);
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    if own.into_iter().any(|host| host.eq_ignore_ascii_case(authority)) { Ok(()) } else { Err(foreign(&origin)) }
}

fn foreign(origin: &str) -> Refusal {
    let detail =
        format!("a page of another origin ({origin}) asked for this change: use the console that this server serves");
    Refusal::new(codes::AUTH_CSRF, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &'static str)]) -> bool {
        let map: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        check_origin(&map).is_err()
    }

    #[test]
    fn pages_of_other_origins_are_refused_and_programs_are_not() {
        assert!(!refused(&[("host", "cairn.example.org")]));
        assert!(!refused(&[("host", "cairn.example.org"), ("origin", "https://cairn.example.org")]));
        assert!(!refused(&[("sec-fetch-site", "same-origin"), ("origin", "https://proxied.example.org")]));
        assert!(refused(&[("sec-fetch-site", "same-site")]));
        assert!(refused(&[("sec-fetch-site", "cross-site"), ("host", "a"), ("origin", "http://a")]));
        assert!(refused(&[("host", "cairn.example.org"), ("origin", "https://evil.example")]));
        assert!(refused(&[("host", "cairn.example.org"), ("origin", "null")]));
    }
}
