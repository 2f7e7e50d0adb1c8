//! Where a call comes from, and how: told by the connection, or by a proxy that is trusted to tell.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Which proxies are trusted, and whether this server itself serves TLS.
#[derive(Debug, Clone, Default)]
pub struct Entrance {
    /// Their addresses.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether connections to this server are encrypted.
    pub tls: bool,
}

/// Where a call comes from. An extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerAddress {
    /// The address of whoever calls.
    pub address: IpAddr,
    /// Whether the caller came by https.
    pub is_secure: bool,
}

impl Entrance {
    /// Where a call with these headers comes from. A chain of proxies is followed from its near end, as far as each
    /// is trusted: what is further out may be made up.
    pub fn caller(&self, extensions: &Extensions, headers: &HeaderMap) -> CallerAddress {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| plain(peer.ip()));
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        if !self.trusts(peer) {
            return CallerAddress { address: peer, is_secure: self.tls };
        }
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let chain: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut address = peer;
        for hop in chain.iter().rev() {
            let Some(named) = parse(hop) else { break };
            address = named;
            if !self.trusts(named) {
                break;
            }
        }
        let last = |name: &str| headers.get_all(name).iter().next_back()?.to_str().ok();
        let is_secure = match last("x-forwarded-proto") {
            Some(proto) => proto.rsplit(',').next().is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https")),
            None => self.tls,
        };
        CallerAddress { address, is_secure }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// The address as IPv4 where it is one in the clothes of IPv6.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(in_brackets).map(plain)
}

impl<S: Send + Sync> FromRequestParts<S> for CallerAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let nobody = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), is_secure: false };
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(nobody))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(trusted: &[&str], peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let found = Entrance { trusted_proxies, tls: false }.caller(&extensions, &map);
        (found.address.to_string(), found.is_secure)
    }

    #[test]
    fn nobody_but_a_trusted_proxy_says_who_calls() {
        let forged = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")];
        assert_eq!(caller(&[], "10.0.0.9", &forged), ("10.0.0.9".to_owned(), false));
        assert_eq!(caller(&["10.0.0.0/8"], "10.0.0.9", &forged), ("1.2.3.4".to_owned(), true));
        assert_eq!(caller(&["10.0.0.0/8"], "10.0.0.9", &[]), ("10.0.0.9".to_owned(), false));
    }

    #[test]
    fn a_chain_is_followed_only_through_trusted_proxies() {
        let chain = [("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.7")];
        assert_eq!(caller(&["10.0.0.0/8"], "10.0.0.9", &chain).0, "1.2.3.4");
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4:5555")];
        assert_eq!(caller(&["10.0.0.0/8"], "::ffff:10.0.0.9", &lines).0, "1.2.3.4");
        let nonsense = [("x-forwarded-for", "1.2.3.4, not an address")];
        assert_eq!(caller(&["10.0.0.0/8"], "10.0.0.9", &nonsense).0, "10.0.0.9");
        assert_eq!(caller(&["::1/128"], "::1", &[("x-forwarded-for", "[2001:db8::1]:80")]).0, "2001:db8::1");
    }
}
