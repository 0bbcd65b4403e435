//! Who answers at an address.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::certificate::GAME_HOSTS;

const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(5);

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody takes the connection.
    Nobody,
    /// A server of this game.
    Mmcos,
    /// Somebody who answers something else, or nothing.
    Stranger,
}

/// Asks whoever listens there, on this machine, for what the game asks first.
pub(super) fn ask(listener: SocketAddr, https: bool) -> Answer {
    let address = SocketAddr::new(reachable(listener.ip()), listener.port());
    let Ok(stream) = TcpStream::connect_timeout(&address, CONNECT) else { return Answer::Nobody };
    let answer = if https { over_tls(stream) } else { patient(stream).and_then(status) };
    match answer {
        Ok(answer) if answer.contains("<OnlineServiceStatus") => Answer::Mmcos,
        _ => Answer::Stranger,
    }
}

/// Where a socket can be reached that may listen on every address: it takes IPv4 then, too.
fn reachable(ip: IpAddr) -> IpAddr {
    if ip.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { ip }
}

fn patient(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    Ok(stream)
}

fn over_tls(stream: TcpStream) -> io::Result<String> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let [name, ..] = GAME_HOSTS;
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    status(StreamOwned::new(connection, patient(stream)?))
}

fn status(mut stream: impl Read + Write) -> io::Result<String> {
    let [host, ..] = GAME_HOSTS;
    let request = format!(
        "GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut answer = Vec::new();
    // It may end without saying goodbye: what came counts.
    let _ = stream.take(4096).read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Takes every certificate, as the game does: the question is who answers, and nothing is told to them.
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
