//! The server's side of TLS against rustls clients in memory: the certificate for each, and resumption.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up must fail")]

use std::fs;
use std::sync::{Arc, LazyLock};

use mmcos_core::game::Game as _;
use mmcos_core::seam::Wall;
use mmcos_game::Mmcos;
use mmcos_std::certificate::{Certificates, Subject};
use mmcos_std::data_dir::DataDir;
use mmcos_std::tls::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, Tls12Resumption};
use rustls::crypto::ring::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256,
};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, ProtocolVersion,
    ServerConnection, SignatureScheme, SupportedCipherSuite,
};

static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| certificates("shared"));

fn certificates(name: &str) -> Certificates {
    let path = std::env::temp_dir().join(format!("mmcos-tls-{name}-{}", std::process::id()));
    let dir = DataDir::open(&path).unwrap();
    let now = Wall::from_secs(1_795_392_000);
    let subject = Subject { info: &Mmcos::INFO, addresses: &[] };
    let made = Certificates::load_or_make(&dir, None, None, subject, now).unwrap();
    fs::remove_dir_all(&path).unwrap();
    made
}

/// Accepts any certificate, as the game does, and checks signatures of these schemes.
#[derive(Debug)]
struct Trusting(Vec<SignatureScheme>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

const BOTH: [SignatureScheme; 3] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
];
const RSA_ONLY: [SignatureScheme; 2] = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];

fn client(
    version: &'static rustls::SupportedProtocolVersion,
    suites: &[SupportedCipherSuite],
    schemes: &[SignatureScheme],
) -> ClientConfig {
    let provider = CryptoProvider { cipher_suites: suites.to_vec(), ..ring::default_provider() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(schemes.to_vec())))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Makes a handshake and passes a byte each way, so that session tickets of TLS 1.3 arrive.
fn connect(tls: &Tls, client: &Arc<ClientConfig>) -> ClientConnection {
    let name = ServerName::try_from("mmcos.codemasters.com").unwrap();
    let mut client = ClientConnection::new(client.clone(), name).unwrap();
    let mut server = ServerConnection::new(tls.config()).unwrap();
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        server.read_tls(&mut flight.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).unwrap();
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets().unwrap();
        }
    }
    client
}

fn shown(tls: &Tls, client: ClientConfig) -> CertificateDer<'static> {
    connect(tls, &Arc::new(client)).peer_certificates().unwrap()[0].clone()
}

fn rsa() -> CertificateDer<'static> {
    CERTIFICATES.rsa.cert[0].clone()
}

fn p256() -> CertificateDer<'static> {
    CERTIFICATES.ecdsa.as_ref().unwrap().cert[0].clone()
}

#[test]
fn a_client_with_rsa_suites_gets_rsa_though_it_can_check_ecdsa() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let game = client(&TLS12, &[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], &BOTH);
    assert_eq!(shown(&tls, game), rsa());
}

#[test]
fn a_client_that_offers_ecdsa_gets_p256() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let suites = [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    assert_eq!(shown(&tls, client(&TLS12, &suites, &BOTH)), p256());
    assert_eq!(shown(&tls, client(&TLS13, &[TLS13_AES_128_GCM_SHA256], &BOTH)), p256());
}

#[test]
fn a_client_that_cannot_check_ecdsa_gets_rsa() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    assert_eq!(shown(&tls, client(&TLS12, &suites, &RSA_ONLY)), rsa());
    assert_eq!(shown(&tls, client(&TLS13, &[TLS13_AES_128_GCM_SHA256], &RSA_ONLY)), rsa());
}

#[test]
fn a_client_without_sni_is_served() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let mut config = client(&TLS12, &[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], &RSA_ONLY);
    config.enable_sni = false;
    assert_eq!(shown(&tls, config), rsa());
}

#[test]
fn sessions_are_resumed_in_both_versions() {
    let suite12 = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    let mut with_ids = client(&TLS12, &[suite12], &BOTH);
    with_ids.resumption = Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly);
    let clients = [
        ("tickets", client(&TLS12, &[suite12], &BOTH), ProtocolVersion::TLSv1_2),
        ("session ids", with_ids, ProtocolVersion::TLSv1_2),
        ("TLS 1.3", client(&TLS13, &[TLS13_AES_128_GCM_SHA256], &BOTH), ProtocolVersion::TLSv1_3),
    ];
    for (name, client, version) in clients {
        let tls = Tls::new(CERTIFICATES.clone()).unwrap();
        let client = Arc::new(client);
        let first = connect(&tls, &client);
        assert_eq!(first.protocol_version(), Some(version));
        assert_eq!(first.handshake_kind(), Some(HandshakeKind::Full), "{name}");
        assert_eq!(first.alpn_protocol(), Some(b"http/1.1".as_slice()));
        let second = connect(&tls, &client);
        assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed), "{name}");
    }
}

#[test]
fn replaced_certificates_are_shown_at_once() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let new = certificates("replaced");
    tls.replace(new.clone());
    let game = client(&TLS12, &[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], &BOTH);
    assert_eq!(shown(&tls, game), new.rsa.cert[0]);
}
