//! Who may come in: the one browser that opened the printed address, and no page of another origin.

use axum::http::{HeaderMap, StatusCode, header};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use subtle::ConstantTimeEq;

/// The access to one loopback host.
pub struct Access {
    address: SocketAddr,
    /// In the printed address; good once.
    token: String,
    token_used: AtomicBool,
    /// In the cookie of the browser that came with the token.
    session: String,
}

impl Access {
    /// The access to the host that listens at `address`, with secrets drawn for it.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, token: secret(), token_used: AtomicBool::new(false), session: secret() }
    }

    /// The address for the first browser.
    pub fn first_address(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// Exchanges the token for the cookie to set. It can be done once.
    pub fn exchange(&self, token: &str) -> Option<String> {
        if !same(token, &self.token) || self.token_used.swap(true, Ordering::AcqRel) {
            return None;
        }
        Some(format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.session))
    }

    /// Refuses what does not come from a page of this host. A name that some other site lets point to this machine
    /// (DNS rebinding) is not this host's, and neither is a page of another port.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !self.names().iter().any(|name| name == host) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        match headers.get(header::ORIGIN) {
            Some(origin) if origin.as_bytes() != format!("http://{host}").as_bytes() => Err(StatusCode::FORBIDDEN),
            _ => Ok(()),
        }
    }

    /// Whether the cookie of the first browser is there.
    pub fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie_name() && same(value, &self.session))
    }

    fn names(&self) -> [String; 2] {
        [self.address.to_string(), format!("localhost:{}", self.address.port())]
    }

    /// Cookies do not tell ports apart, so the name does.
    fn cookie_name(&self) -> String {
        format!("cairn_design_{}", self.address.port())
    }
}

fn secret() -> String {
    format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>())
}

/// Compares without telling by the time it takes how much was right.
fn same(given: &str, expected: &str) -> bool {
    bool::from(given.as_bytes().ct_eq(expected.as_bytes()))
}
