use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};
use core::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mmcos_core::{
    game::Life,
    seam::Wall,
    trace::redact::all_masked,
    wire::{
        egonet,
        steam::{PublicKey, encode_platform_id, parse_platform_id},
    },
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use super::ticket::{Signer, blank};
use crate::{
    IdentityPolicy, Settings,
    session::{SessionError, SessionKey},
};

/// What secrets are replaced by: of the same length, and as good or bad as they were.
pub struct Secrets {
    real: SessionKey,
    key: [u8; 32],
    sessions: SessionKey,
    /// Whose signature under a ticket counts, and who signs in its place; `None` where no signature counts.
    signer: Option<(PublicKey, Signer)>,
    egonet: egonet::Limits,
}

impl Secrets {
    /// Of a server with these settings in this life.
    pub(super) fn of(settings: &Settings, life: &Life, entropy: [u8; 32]) -> Self {
        let mut random = ChaCha8Rng::from_seed(entropy);
        let mut key = [0; 32];
        random.fill_bytes(&mut key);
        let signer = match &settings.identity {
            // Without a signer no ticket counts in the trace: it differs from what was, and gives nothing away.
            IdentityPolicy::Verify(steam) => {
                Signer::generate(&mut random).map(|signer| (steam.clone(), signer))
            }
            IdentityPolicy::Trust => None,
        };
        let sessions = SessionKey::new(&key, Duration::MAX);
        let real = SessionKey::new(&life.key, Duration::MAX);
        Self { real, key, sessions, signer, egonet: settings.egonet() }
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

    /// What of an `EgoNet` value is read.
    pub(super) const fn egonet_limits(&self) -> &egonet::Limits {
        &self.egonet
    }

    /// What stands in for the text of a `SessionToken`.
    pub(super) fn stand_in_for_token(&self, text: &[u8]) -> Vec<u8> {
        Self::stand_in(text, |token| self.token(token))
    }

    /// What stands in for the text of a `PlatformID`.
    pub(super) fn stand_in_for_platform_id(&self, text: &[u8]) -> Vec<u8> {
        Self::stand_in(text, |id| self.platform_id(id))
    }

    fn stand_in(text: &[u8], stand_in: impl FnOnce(&str) -> String) -> Vec<u8> {
        let Ok(text) = core::str::from_utf8(text) else { return all_masked(text) };
        let content = text.trim();
        let shown = text.replacen(content, &stand_in(content), 1).into_bytes();
        // Or the body would have another length than its head says.
        if shown.len() == text.len() { shown } else { all_masked(text.as_bytes()) }
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
            Err(_) => shown(token),
        }
    }

    /// The same ticket without its secrets, and without what follows it. What has no `^` is no ticket; what is no number
    /// either says nothing.
    fn platform_id(&self, text: &str) -> String {
        let Some((hex, fields)) = text.split_once('^') else {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 20;
            return if is_number { text.to_owned() } else { shown(text) };
        };
        let ticket = parse_platform_id(&format!("{hex}^^^^true"));
        let blanked = ticket.map_or_else(
            |_| hex.replace(|digit: char| digit.is_ascii_hexdigit(), "0"),
            |ticket| encode_platform_id(&blank(ticket, self.signer.as_ref())).replace("^^^^true", ""),
        );
        let fields = shown(fields);
        format!("{blanked}^{fields}")
    }
}

/// A text that says nothing.
fn shown(text: &str) -> String {
    String::from_utf8(all_masked(text.as_bytes())).unwrap_or_default()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
