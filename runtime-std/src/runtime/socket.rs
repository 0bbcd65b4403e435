//! Operations on an accepted socket that all runtimes share, besides moving bytes.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use mmcos_core::link::Link;

/// Maximum number of slices per system call.
const PIECES: usize = 8;
/// Maximum unsent bytes in the kernel. More would hide for minutes whether the client reads.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 32 * 1024;

/// Prepares an accepted socket: small responses leave at once, and the kernel buffers little of large ones.
pub fn prepare(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT);
}

/// Passes the bytes that `link` may write to `write`, as slices for one system call.
pub fn with_slices<T>(link: &Link, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
    let mut slices = [IoSlice::new(&[]); PIECES];
    let mut used = 0_usize;
    for (slice, piece) in slices.iter_mut().zip(link.pieces()) {
        *slice = IoSlice::new(piece);
        used = used.saturating_add(1);
    }
    write(slices.get(..used).unwrap_or_default())
}

/// Refuses a client without TLS: writes what the socket takes at once.
pub fn refuse(link: &Link, socket: &TcpStream) {
    // Best effort: the server does not wait for a client over its limit.
    if link.is_writable() {
        let _ = write_at_once(link, socket);
    }
}

fn write_at_once(link: &Link, mut socket: &TcpStream) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    with_slices(link, |slices| socket.write_vectored(slices))?;
    socket.shutdown(Shutdown::Write)?;
    // Unread bytes would reset the connection before the client has read the response.
    socket.read(&mut [0; 4096]).map(drop)
}
