use std::io;
use std::net::{SocketAddr, TcpListener};

use super::{Bound, ListenError, bind, bound};

/// The listening sockets that this process inherited at its start: systemd opens those of a `.socket` unit, ports
/// below 1024 too, and keeps them while the server restarts.
#[derive(Debug, Default)]
pub struct Inherited(Vec<TcpListener>);

impl Inherited {
    /// Returns the sockets of `LISTEN_FDS`; none on Windows. Only the first call returns any.
    #[cfg(unix)]
    pub fn take() -> Self {
        let mut given = listenfd::ListenFd::from_env();
        Self((0..given.len()).filter_map(|index| given.take_tcp_listener(index).ok().flatten()).collect())
    }

    /// Returns the sockets of `LISTEN_FDS`; none on Windows. Only the first call returns any.
    #[cfg(not(unix))]
    pub fn take() -> Self {
        Self::default()
    }

    /// Removes and returns the socket with the port of `wanted`, whatever its address. Without one, calls [`bind`].
    pub fn bind(&mut self, wanted: SocketAddr) -> Result<Bound, ListenError> {
        let has_port = |listener: &TcpListener| port(listener).is_ok_and(|port| port == wanted.port());
        let Some(index) = self.0.iter().position(has_port) else { return bind(wanted) };
        let listener = self.0.swap_remove(index);
        // The service manager may have made it non-blocking.
        listener.set_nonblocking(false).map_err(|source| ListenError::Other(wanted, source))?;
        bound(listener, wanted, None)
    }

    /// Returns the addresses of the sockets that [`bind`](Self::bind) has not taken.
    pub fn unused(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().filter_map(|listener| listener.local_addr().ok())
    }
}

fn port(listener: &TcpListener) -> io::Result<u16> {
    listener.local_addr().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_inherited_socket_is_taken_for_its_port_and_others_are_bound() {
        let given = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (wanted, other) = (given(), given());
        wanted.set_nonblocking(true).unwrap();
        let (address, unused) = (wanted.local_addr().unwrap(), other.local_addr().unwrap());
        let mut inherited = Inherited(vec![other, wanted]);
        let every_address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
        assert_eq!(inherited.bind(every_address).unwrap().address, address);
        let fresh = inherited.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        assert_ne!(fresh.address.port(), address.port());
        assert_eq!(inherited.unused().collect::<Vec<_>>(), [unused]);
    }
}
