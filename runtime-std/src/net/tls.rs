//! TLS as the game needs it: 1.2 and 1.3, resumption, and the one of two certificates that the client can check.
//!
//! The game makes a new connection for almost every request, with TLS 1.2, `ECDHE-RSA-AES128-GCM-SHA256` and ALPN
//! `http/1.1` (seen in captures).

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;

use crate::certificate::Certificates;

/// Maximum TLS sessions remembered for clients without session tickets. Clients of older ones make a full handshake.
const REMEMBERED_SESSIONS: usize = 1024;

/// The TLS side of every HTTPS connection.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

impl Tls {
    /// Makes TLS that shows these certificates. Fails if the system has no random numbers for the key of the session
    /// tickets.
    pub fn new(certificates: Certificates) -> Result<Self, rustls::Error> {
        let shown = Arc::new(Shown(RwLock::new(certificates)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = ServerSessionMemoryCache::new(REMEMBERED_SESSIONS);
        config.ticketer = Ticketer::new()?;
        config.send_tls13_tickets = 1;
        Ok(Self { config: Arc::new(config), shown })
    }

    /// Returns the configuration for a new connection.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Shows these certificates from the next connection on.
    pub fn replace(&self, certificates: Certificates) {
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = certificates;
    }
}

#[derive(Debug)]
struct Shown(RwLock<Certificates>);

impl ResolvesServerCert for Shown {
    /// Chooses ECDSA if the client can check it, else RSA, whatever host name it asks for. In TLS 1.2 rustls has
    /// already removed the signatures that no cipher suite of the client can carry: the game offers ECDSA signatures
    /// like any OpenSSL, but RSA suites only.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificates = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let can_check = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        Some(certificates.ecdsa.as_ref().filter(can_check).unwrap_or(&certificates.rsa).clone())
    }
}
