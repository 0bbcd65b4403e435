//! The listening sockets, and texts for the operator if one cannot be opened.

mod inherited;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

pub use inherited::Inherited;

use crate::system::advice;

/// Maximum number of connections that wait to be accepted. The kernel may allow fewer.
const BACKLOG: i32 = 1024;

/// A listening socket.
#[derive(Debug)]
pub struct Bound {
    /// Listening socket, blocking.
    pub listener: TcpListener,
    /// Local address. `[::]` is every address, IPv6 and IPv4: IPv4 peers then appear as `::ffff:192.168.1.20`, see
    /// [`peer`].
    pub address: SocketAddr,
    /// Requested port, if this process may not listen on it.
    pub instead_of: Option<u16>,
}

/// Error of opening a listening socket at an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program listens on this address.
    #[error(
        "another program already listens on {0}: perhaps a second copy of this server, or a web server (Apache, \
         nginx, Pi-hole, IIS). Find it with {find} and stop it, or \
         choose another port with --http, --https or --admin-listen; games connect to port 443, so a router or proxy \
         must then forward it",
        find = advice::port_owner(.0.port(), cfg!(windows))
    )]
    InUse(SocketAddr),
    /// A listener of this server has the port already.
    #[error(
        "{key} cannot have port {}, which this server uses for `{other}`: choose another port for {key}",
        .address.port()
    )]
    Twice {
        /// Address that is in use.
        address: SocketAddr,
        /// Setting of the second listener.
        key: &'static str,
        /// Setting of the first listener.
        other: &'static str,
    },
    /// This process may not use the port, and the port has no substitute.
    #[error(
        "this process has no permission to listen on {0}: choose a port from 1024, or give it the permission"
    )]
    Denied(SocketAddr),
    /// The address belongs to another machine.
    #[error("{0} is not an address of this machine: give only a port to listen on all its addresses")]
    NotOurs(SocketAddr),
    /// Any other error.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, #[source] io::Error),
}

impl ListenError {
    /// Returns the error for the listener of the setting `key` in a server that has these listeners already.
    pub(crate) fn within(self, key: &'static str, others: [(&'static str, Option<SocketAddr>); 2]) -> Self {
        let Self::InUse(address) = self else { return self };
        let is_same = |other: SocketAddr| {
            let is_any = other.ip().is_unspecified() || address.ip().is_unspecified();
            // Port 0 is any free one.
            other.port() == address.port() && other.port() != 0 && (is_any || other.ip() == address.ip())
        };
        let other = others.into_iter().find(|(_, other)| other.is_some_and(is_same));
        other.map_or(self, |(other, _)| Self::Twice { address, key, other })
    }
}

/// Listens at `wanted`. If ports 80 and 443 are not allowed, 8080 and 8443 replace them. A port in use by another
/// program is an error: listening elsewhere would leave the players with that program.
pub fn bind(wanted: SocketAddr) -> Result<Bound, ListenError> {
    bind_with(wanted, listener)
}

/// Logs that no connection can be accepted, at most once a minute.
#[derive(Debug, Default)]
pub struct AcceptTrouble {
    logged: Option<Instant>,
}

impl AcceptTrouble {
    /// Reports one more failure.
    pub fn log(&mut self, error: &io::Error) {
        if self.is_news(Instant::now()) {
            log::warn!(
                "cannot accept connections: {error}. If too many files are open, lower max-connections{}",
                if cfg!(windows) {
                    ""
                } else {
                    ", or raise the limit: `LimitNOFILE=` under systemd, `ulimit -n` in a shell"
                }
            );
        }
    }

    fn is_news(&mut self, now: Instant) -> bool {
        let news = self.logged.is_none_or(|logged| now.duration_since(logged) >= Duration::from_mins(1));
        if news {
            self.logged = Some(now);
        }
        news
    }
}

/// Returns the address of a peer in its usual form: an IPv4 peer of a dual-stack socket as IPv4.
pub fn peer(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

type Listen = fn(SocketAddr) -> io::Result<TcpListener>;

fn bind_with(wanted: SocketAddr, listen: Listen) -> Result<Bound, ListenError> {
    let denied = match listen_any(wanted, listen) {
        Ok(listener) => return bound(listener, wanted, None),
        Err(error) if error.kind() != ErrorKind::PermissionDenied => return Err(explained(wanted, error)),
        Err(denied) => denied,
    };
    let Some(port) = substitute(wanted.port(), cfg!(windows)) else {
        return Err(explained(wanted, denied));
    };
    let other = SocketAddr::new(wanted.ip(), port);
    let listener = listen_any(other, listen).map_err(|error| explained(other, error))?;
    bound(listener, other, Some(wanted.port()))
}

/// Returns the port in place of one that needs a permission. Windows reserves no port for administrators: there,
/// "permission denied" (WSAEACCES) means that another program has it.
fn substitute(port: u16, is_windows: bool) -> Option<u16> {
    match port {
        _ if is_windows => None,
        80 => Some(8080),
        443 => Some(8443),
        _ => None,
    }
}

fn bound(listener: TcpListener, wanted: SocketAddr, instead_of: Option<u16>) -> Result<Bound, ListenError> {
    let address = listener.local_addr().map_err(|source| ListenError::Other(wanted, source))?;
    Ok(Bound { listener, address, instead_of })
}

/// Falls back to every IPv4 address if every address is wanted and this machine has no IPv6.
fn listen_any(address: SocketAddr, listen: Listen) -> io::Result<TcpListener> {
    listen(address).or_else(|error| match (error.kind(), address.ip()) {
        (ErrorKind::PermissionDenied | ErrorKind::AddrInUse, _) => Err(error),
        (_, IpAddr::V6(ip)) if ip.is_unspecified() => {
            listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        _ => Err(error),
    })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for old connections. On Windows, this option would take a port from its owner.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn explained(address: SocketAddr, source: io::Error) -> ListenError {
    match source.kind() {
        ErrorKind::AddrInUse => ListenError::InUse(address),
        ErrorKind::PermissionDenied if cfg!(windows) => ListenError::InUse(address),
        ErrorKind::PermissionDenied => ListenError::Denied(address),
        ErrorKind::AddrNotAvailable => ListenError::NotOurs(address),
        _ => ListenError::Other(address, source),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, TcpStream};

    use super::*;

    #[test]
    fn trouble_is_logged_once_a_minute() {
        let (mut trouble, start) = (AcceptTrouble::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(
            [0, 1, 59, 60, 61].map(|second| trouble.is_news(at(second))),
            [true, false, false, true, false]
        );
    }

    fn any(port: u16) -> SocketAddr {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))
    }

    /// Listens on a free port instead of the requested one.
    fn free(_: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
    }

    fn denied_below_1024(address: SocketAddr) -> io::Result<TcpListener> {
        if address.port() < 1024 { Err(ErrorKind::PermissionDenied.into()) } else { free(address) }
    }

    #[test]
    fn one_socket_takes_ipv6_and_ipv4() {
        let bound = bind(any(0)).unwrap();
        let port = bound.address.port();
        let _ipv4 = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (_, address) = bound.listener.accept().unwrap();
        assert_eq!(peer(address).ip(), Ipv4Addr::LOCALHOST);
        if bound.address.is_ipv6() {
            let _ipv6 = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
            assert_eq!(peer(bound.listener.accept().unwrap().1).ip(), Ipv6Addr::LOCALHOST);
        }
    }

    #[test]
    fn windows_has_no_substitute_for_a_port() {
        assert_eq!((substitute(443, false), substitute(443, true)), (Some(8443), None));
        assert_eq!((substitute(80, false), substitute(80, true)), (Some(8080), None));
    }

    #[test]
    #[cfg(windows)]
    fn permission_denied_means_that_another_program_has_the_port() {
        let error = bind_with(any(443), denied_below_1024).unwrap_err();
        assert!(matches!(error, ListenError::InUse(address) if address.port() == 443), "{error}");
    }

    #[test]
    #[cfg(not(windows))]
    fn other_ports_stand_in_for_those_that_are_not_allowed() {
        assert_eq!(bind_with(any(443), denied_below_1024).unwrap().instead_of, Some(443));
        assert_eq!(bind_with(any(80), denied_below_1024).unwrap().instead_of, Some(80));
        assert_eq!(bind_with(any(443), free).unwrap().instead_of, None);
        let error = bind_with(any(81), denied_below_1024).unwrap_err();
        assert!(matches!(error, ListenError::Denied(address) if address.port() == 81));
    }

    #[test]
    fn a_port_that_is_taken_is_an_error_that_says_how_to_find_who_has_it() {
        let first = bind(any(0)).unwrap();
        let message = bind(first.address).unwrap_err().to_string();
        let port = first.address.port();
        assert!(message.contains(&format!("already listens on {}", first.address)), "{message}");
        assert!(message.contains(&format!(":{port}")) && message.contains("Find it with"), "{message}");
        let all_taken: Listen = |_| Err(ErrorKind::AddrInUse.into());
        assert!(matches!(bind_with(any(443), all_taken), Err(ListenError::InUse(_))));
    }

    #[test]
    fn a_port_that_this_server_has_is_told_from_one_of_another_program() {
        let within = |wanted: &str, http: &str| {
            let others = [("https", "[::]:443"), ("http", http)].map(|(key, at)| (key, at.parse().ok()));
            ListenError::InUse(wanted.parse().unwrap()).within("admin-listen", others).to_string()
        };
        let twice = "admin-listen cannot have port 80, which this server uses for `http`: choose another port for \
                     admin-listen";
        for (wanted, http) in
            [("127.0.0.1:80", "[::]:80"), ("[::]:80", "127.0.0.1:80"), ("127.0.0.1:80", "127.0.0.1:80")]
        {
            assert_eq!(within(wanted, http), twice, "{wanted} {http}");
        }
        for (wanted, http) in
            [("127.0.0.1:80", "[::]:81"), ("127.0.0.1:80", "192.168.1.20:80"), ("[::]:0", "[::]:0")]
        {
            let message = within(wanted, http);
            assert!(message.starts_with("another program already listens"), "{message}");
        }
    }

    #[test]
    fn a_machine_without_ipv6_listens_on_ipv4() {
        let no_ipv6: Listen = |address| match address {
            SocketAddr::V4(_) => free(address),
            SocketAddr::V6(_) => Err(ErrorKind::Unsupported.into()),
        };
        assert!(bind_with(any(443), no_ipv6).unwrap().address.is_ipv4());
        let named = SocketAddr::from((Ipv6Addr::LOCALHOST, 443));
        assert!(matches!(bind_with(named, no_ipv6), Err(ListenError::Other(..))));
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let message = bind("192.0.2.1:0".parse().unwrap()).unwrap_err().to_string();
        assert!(message.contains("192.0.2.1:0 is not an address of this machine"), "{message}");
    }
}
