//! The server's side of TLS against rustls clients in memory: the certificate for each, and resumption.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up must fail")]

#[path = "blackbox/rig/tls.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod rig;

use std::fs;
use std::sync::{Arc, LazyLock};

use mmcos_core::game::Game as _;
use mmcos_core::seam::Wall;
use mmcos_game::Mmcos;
use mmcos_std::certificate::{Certificates, Subject};
use mmcos_std::data_dir::DataDir;
use mmcos_std::tls::Tls;
use rustls::client::{Resumption, Tls12Resumption};
use rustls::crypto::ring::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256,
};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ServerConnection, SignatureScheme};

use rig::client_that_checks;

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

const BOTH: [SignatureScheme; 3] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
];
const RSA_ONLY: [SignatureScheme; 2] = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];

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
fn each_client_gets_the_certificate_that_it_can_check() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let (suite_rsa, suite_ecdsa) =
        (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    for (version, suites, schemes, expected) in [
        // Like the game: RSA suites, though it offers ECDSA signatures.
        (&TLS12, &[suite_rsa][..], &BOTH[..], rsa()),
        (&TLS12, &[suite_rsa, suite_ecdsa], &BOTH, p256()),
        (&TLS13, &[TLS13_AES_128_GCM_SHA256], &BOTH, p256()),
        (&TLS12, &[suite_ecdsa, suite_rsa], &RSA_ONLY, rsa()),
        (&TLS13, &[TLS13_AES_128_GCM_SHA256], &RSA_ONLY, rsa()),
    ] {
        let mut client = client_that_checks(&[version], suites, schemes.to_vec());
        assert_eq!(shown(&tls, client.clone()), expected, "{version:?} {suites:?} {schemes:?}");
        client.enable_sni = false;
        assert_eq!(shown(&tls, client), expected, "without SNI");
    }
}

/// The black-box tests resume sessions by tickets.
#[test]
fn sessions_are_resumed_by_their_ids_too() {
    let mut client = client_that_checks(&[&TLS12], &[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], BOTH.to_vec());
    client.resumption = Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly);
    let (tls, client) = (Tls::new(CERTIFICATES.clone()).unwrap(), Arc::new(client));
    assert_eq!(connect(&tls, &client).handshake_kind(), Some(HandshakeKind::Full));
    assert_eq!(connect(&tls, &client).handshake_kind(), Some(HandshakeKind::Resumed));
}

#[test]
fn replaced_certificates_are_shown_at_once() {
    let tls = Tls::new(CERTIFICATES.clone()).unwrap();
    let new = certificates("replaced");
    tls.replace(new.clone());
    let game = client_that_checks(&[&TLS12], &[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], BOTH.to_vec());
    assert_eq!(shown(&tls, game), new.rsa.cert[0]);
}
