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
    session_token::{SessionError, SessionKey},
};

/// Replacements for secrets, each of the same length and validity as the original.
pub struct Secrets {
    real: SessionKey,
    key: [u8; 32],
    sessions: SessionKey,
    /// Key that must have signed a Steam ticket, and the signer that replaces it; `None` where signatures are not
    /// verified.
    signer: Option<(PublicKey, Signer)>,
    pub(super) egonet: egonet::Limits,
}

impl Secrets {
    /// Returns the secrets of a server with these settings in this life.
    pub(super) fn of(settings: &Settings, life: &Life, entropy: [u8; 32]) -> Self {
        let mut random = ChaCha8Rng::from_seed(entropy);
        let mut key = [0; 32];
        random.fill_bytes(&mut key);
        let signer = match &settings.identity {
            // Without a signer no Steam ticket is valid in the trace: the trace differs from the run, and reveals
            // nothing.
            IdentityPolicy::Verify(steam) => {
                Signer::generate(&mut random).map(|signer| (steam.clone(), signer))
            }
            IdentityPolicy::Trust => None,
        };
        let sessions = SessionKey::new(&key, Duration::MAX);
        let real = SessionKey::new(&life.key, Duration::MAX);
        Self { real, key, sessions, signer, egonet: settings.egonet() }
    }

    /// Returns the key that authenticates the replaced tokens.
    pub(super) fn session_key(&self) -> [u8; 32] {
        self.key
    }

    /// Returns the policy by which the trace's Steam tickets are verified.
    pub(super) fn identity(&self) -> IdentityPolicy {
        self.signer
            .as_ref()
            .map_or(IdentityPolicy::Trust, |(_, signer)| IdentityPolicy::Verify(signer.public_key()))
    }

    /// Returns the replacement for the text of a `SessionToken`.
    pub(super) fn stand_in_for_token(&self, text: &[u8]) -> Vec<u8> {
        Self::stand_in(text, |token| self.token(token))
    }

    /// Returns the replacement for the text of a `PlatformID`.
    pub(super) fn stand_in_for_platform_id(&self, text: &[u8]) -> Vec<u8> {
        Self::stand_in(text, |id| self.platform_id(id))
    }

    fn stand_in(text: &[u8], stand_in: impl FnOnce(&str) -> String) -> Vec<u8> {
        let Ok(text) = core::str::from_utf8(text) else { return all_masked(text) };
        let content = text.trim();
        let shown = text.replacen(content, &stand_in(content), 1).into_bytes();
        // Otherwise the body's length would differ from the one in its head.
        if shown.len() == text.len() { shown } else { all_masked(text.as_bytes()) }
    }

    /// Returns a token of the same session. A forged token stays forged, and a malformed one malformed.
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

    /// Returns the same Steam ticket without its secrets, with the fields that follow it masked. A text without `^`
    /// is not a ticket, and is masked unless it is a number.
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

/// Returns the text fully masked.
fn shown(text: &str) -> String {
    String::from_utf8(all_masked(text.as_bytes())).unwrap_or_default()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
