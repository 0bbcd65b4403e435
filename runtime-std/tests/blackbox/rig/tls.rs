//! TLS clients of several kinds. They accept any certificate, as the game does, but check its signatures.

use std::sync::{Arc, LazyLock};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, SupportedCipherSuite,
    SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Accepts any certificate, and checks signatures of these schemes.
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

/// Returns a client with these versions and suites.
pub(crate) fn client(
    versions: &[&'static SupportedProtocolVersion],
    suites: &[SupportedCipherSuite],
) -> Arc<ClientConfig> {
    let schemes = ring::default_provider().signature_verification_algorithms.supported_schemes();
    Arc::new(client_that_checks(versions, suites, schemes))
}

/// Returns a client that checks signatures of these schemes alone.
pub(crate) fn client_that_checks(
    versions: &[&'static SupportedProtocolVersion],
    suites: &[SupportedCipherSuite],
    schemes: Vec<SignatureScheme>,
) -> ClientConfig {
    let provider = CryptoProvider { cipher_suites: suites.to_vec(), ..ring::default_provider() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(schemes)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Returns the first bytes that a client sends.
pub(crate) fn hello(config: &Arc<ClientConfig>) -> Vec<u8> {
    let name = "mmcos.codemasters.com".try_into().unwrap();
    let mut session = ClientConnection::new(config.clone(), name).unwrap();
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).unwrap();
    bytes
}

/// Returns a client with the defaults of today's libraries.
pub(crate) fn modern() -> Arc<ClientConfig> {
    static MODERN: LazyLock<Arc<ClientConfig>> =
        LazyLock::new(|| client(&[&rustls::version::TLS13], ring::ALL_CIPHER_SUITES));
    MODERN.clone()
}

/// Returns a client like the game: TLS 1.2 and RSA only. (Seen in captures.)
pub(crate) fn game() -> Arc<ClientConfig> {
    let suite = ring::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    client(&[&rustls::version::TLS12], &[suite])
}
