use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mmcos_core::mmcos::IdentityPolicy;
use mmcos_core::mmcos::session::{SessionError, SessionKey};
use mmcos_core::seam::Wall;
use mmcos_core::trace::Start;
use mmcos_core::wire::steam::{PublicKey, encode_platform_id, parse_platform_id};

use super::RecordError;
use super::addresses::Addresses;
use super::scanner::{Kind, masked};
use super::ticket::{Signer, blank};
use crate::secret;

/// What secrets are replaced by: of the same length, and as good or bad as they were.
pub(super) struct Secrets {
    real: SessionKey,
    key: [u8; 32],
    sessions: SessionKey,
    /// Whose signature under a ticket counts, and who signs in its place; `None` where no signature counts.
    signer: Option<(PublicKey, Signer)>,
    pub(super) addresses: Addresses,
}

impl Secrets {
    /// Of a server that starts from this.
    pub(super) fn new(start: &Start) -> Result<Self, RecordError> {
        let config = &start.config;
        let key = secret::random()?;
        let signer = match &config.identity {
            IdentityPolicy::Verify(steam) => Some((steam.clone(), Signer::generate()?)),
            _ => None,
        };
        let real = SessionKey::new(&config.session_key, Duration::MAX);
        let addresses = Addresses::except(&start.limits.trusted_proxies);
        Ok(Self { real, key, sessions: SessionKey::new(&key, Duration::MAX), signer, addresses })
    }

    /// The key of the tokens that stand in.
    pub(super) fn session_key(&self) -> [u8; 32] {
        self.key
    }

    /// Whose tickets count in the trace.
    pub(super) fn identity(&self) -> IdentityPolicy {
        self.signer
            .as_ref()
            .map_or(IdentityPolicy::Trust, |(_, signer)| IdentityPolicy::Verify(signer.public_key()))
    }

    /// What stands in for the text of an element or field.
    pub(super) fn stand_in(&mut self, kind: Kind, text: &[u8]) -> Vec<u8> {
        let Ok(text) = str::from_utf8(text) else { return text.iter().map(|byte| masked(*byte)).collect() };
        let content = text.trim();
        let stand_in = match kind {
            Kind::SessionToken => self.token(content),
            Kind::PlatformId => self.platform_id(content),
            Kind::Forwarded => self.addresses.stand_in_for_hops(content),
        };
        text.replacen(content, &stand_in, 1).into_bytes()
    }

    /// A token of the same session; one that was forged stays so, and one that was none.
    fn token(&self, token: &str) -> String {
        let end_of_time = Wall::from_millis(i64::MAX);
        match self.real.verify(token, end_of_time) {
            Ok(session) => self.sessions.issue(&session),
            Err(SessionError::Forged) => {
                let length = STANDARD.decode(token).map_or(0, |bytes| bytes.len());
                STANDARD.encode(vec![0; length])
            }
            Err(_) => token.bytes().map(|byte| char::from(masked(byte))).collect(),
        }
    }

    /// The same ticket without its secrets. What has no `^` is no ticket but a number that everybody knows.
    fn platform_id(&self, text: &str) -> String {
        let Some((hex, fields)) = text.split_once('^') else { return text.to_owned() };
        let ticket = parse_platform_id(&format!("{hex}^^^^true"));
        let blanked = ticket.map_or_else(
            |_| hex.replace(|digit: char| digit.is_ascii_hexdigit(), "0"),
            |ticket| encode_platform_id(&blank(ticket, self.signer.as_ref())).replace("^^^^true", ""),
        );
        format!("{blanked}^{fields}")
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
