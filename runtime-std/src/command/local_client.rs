//! Requests to a server on this machine, over whichever listener it has.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

const CONNECT: Duration = Duration::from_secs(2);
const RESPONSE: Duration = Duration::from_secs(5);
/// Maximum bytes of a response that are read.
const LONGEST: u64 = 4096;

/// A listener, written as `http://127.0.0.1:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// Address of the listener.
    pub(crate) address: SocketAddr,
    /// True if it speaks TLS.
    pub(crate) tls: bool,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.address)
    }
}

impl FromStr for Listener {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, address) = text.split_once("://").unwrap_or_default();
        Ok(Self { address: address.parse()?, tls: scheme == "https" })
    }
}

/// Sends a request to a listener of this machine, over TLS for this host. Returns the start of the response; the
/// request must close the connection.
///
/// # Errors
/// [`io::ErrorKind::NotConnected`] if nothing accepts the connection.
pub(crate) fn exchange(
    host: &str,
    Listener { address, tls }: Listener,
    request: &[u8],
) -> io::Result<String> {
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let stream = TcpStream::connect_timeout(&address, CONNECT)
        .map_err(|error| io::Error::new(io::ErrorKind::NotConnected, error))?;
    stream.set_read_timeout(Some(RESPONSE))?;
    stream.set_write_timeout(Some(RESPONSE))?;
    if !tls {
        return send(stream, request);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    send(StreamOwned::new(connection, stream), request)
}

/// Returns the address at which a socket is reached from this machine. A socket that listens on every address accepts
/// IPv4.
fn reachable(ip: IpAddr) -> IpAddr {
    if ip.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { ip }
}

fn send(mut stream: impl Read + Write, request: &[u8]) -> io::Result<String> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut response = Vec::new();
    // A TLS stream may end without close_notify: the bytes so far count.
    let _ = stream.take(LONGEST).read_to_end(&mut response);
    Ok(String::from_utf8_lossy(&response).into_owned())
}

/// Accepts every certificate, as the game does: the requests hold nothing of use to another program.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
