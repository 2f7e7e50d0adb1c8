//! Where the others, and the designers of authors, reach a server that was not told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Addresses that nobody has (RFC 5737 and RFC 3849): the way to them is that to any far network.
const FAR: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 9),
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9),
];

/// The address of a server that listens at `listen`. One that listens at every address of its machine is announced by
/// the one that the machine calls others from.
pub fn address(scheme: &str, listen: SocketAddr) -> String {
    let reached = reached_at(listen, calls_from);
    let address = format!("{scheme}://{reached}");
    if listen.ip().is_unspecified() {
        tracing::info!(
            %listen,
            address,
            "this server listens at every address of its machine and is announced to the others by this one: give \
             --address if they reach it by another, or if its certificate has a name"
        );
    }
    address
}

/// `calls_from` says from which address this machine would call another one.
fn reached_at(listen: SocketAddr, calls_from: impl Fn(SocketAddr) -> Option<IpAddr>) -> SocketAddr {
    if !listen.ip().is_unspecified() {
        return listen;
    }
    // Where it listens by IPv6, it mostly does so by IPv4 too, but not the other way round.
    let far = FAR.into_iter().filter(|far| listen.is_ipv6() || far.is_ipv4());
    let found = far.filter_map(calls_from).find(|ip| !ip.is_unspecified() && !ip.is_loopback());
    // A machine without a network has nobody else to tell.
    found.map_or(listen, |ip| SocketAddr::new(ip, listen.port()))
}

/// Connecting a UDP socket only chooses the way: nothing is sent.
fn calls_from(far: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if far.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(far).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(listen: &str, calls_from: &[&str]) -> String {
        let own: Vec<IpAddr> = calls_from.iter().map(|ip| ip.parse().unwrap()).collect();
        let calls_from = |far: SocketAddr| own.iter().copied().find(|ip| ip.is_ipv6() == far.is_ipv6());
        reached_at(listen.parse().unwrap(), calls_from).to_string()
    }

    #[test]
    fn who_listens_at_one_address_is_announced_by_it() {
        for listen in ["127.0.0.1:7401", "10.0.0.1:7401", "[::1]:7401", "[2001:db8::7]:7401"] {
            assert_eq!(reached(listen, &["10.0.0.9", "2001:db8::9"]), listen);
        }
    }

    #[test]
    fn who_listens_at_every_address_is_announced_by_one_that_others_can_reach() {
        assert_eq!(reached("0.0.0.0:7401", &["2001:db8::9", "10.0.0.9"]), "10.0.0.9:7401");
        assert_eq!(reached("[::]:7401", &["2001:db8::9", "10.0.0.9"]), "[2001:db8::9]:7401");
        assert_eq!(reached("[::]:7401", &["10.0.0.9"]), "10.0.0.9:7401");
    }

    #[test]
    fn a_machine_without_a_network_announces_where_it_listens() {
        assert_eq!(reached("0.0.0.0:7401", &[]), "0.0.0.0:7401");
        assert_eq!(reached("0.0.0.0:7401", &["127.0.0.1"]), "0.0.0.0:7401");
        let own = address("http", "0.0.0.0:7401".parse().unwrap());
        assert!(own.starts_with("http://") && own.ends_with(":7401"), "{own}");
    }
}
