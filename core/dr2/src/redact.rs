//! The content of a trace: names and numbers of players, their drives, and none of their sessions.
//!
//! A session has the same number in the trace, authenticated by the trace's own key. Tickets, ghosts and all other
//! texts are blank; so are bodies that no function reads.

use alloc::{vec, vec::Vec};

use mmcos_core::game::Life;
use mmcos_core::trace::Start;
use mmcos_core::trace::redact::{Redactor, all_masked, blank_egonet, with_field};
use mmcos_core::wire::{egonet::Limits, http::Request};

use crate::accounts::{SESSION, session_id, session_number};
use crate::{Dr2, Record, host::INFO, service::PATH};

/// Services whose functions read bodies.
const READ: [&[u8]; 6] =
    [b"Login.", b"Clubs.", b"RaceNetChallenges.", b"RaceNetLeaderboard.", b"TimeTrial.", b"Repairs."];

/// Stand-ins for sessions: with the same numbers, under the other key.
#[derive(Debug)]
pub struct Secrets {
    real: Life,
    shown: Life,
}

impl Secrets {
    fn session(&self, id: &[u8]) -> Vec<u8> {
        let number = session_number(&self.real.key, id);
        number.map_or_else(|| all_masked(id), |number| session_id(&self.shown.key, number).into_bytes())
    }
}

impl Redactor<Dr2> for Secrets {
    fn new(start: &Start<Dr2>, entropy: [u8; 32]) -> Self {
        Self { real: start.life.clone(), shown: Life { key: entropy, ..start.life.clone() } }
    }

    fn start(&self, start: &Start<Dr2>) -> Start<Dr2> {
        Start { life: self.shown.clone(), ..start.clone() }
    }

    fn shows_path(&self, path: &str) -> bool {
        path.starts_with(PATH) || path == INFO.probe.path
    }

    fn field(&self, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        if name.eq_ignore_ascii_case(SESSION) {
            return Some(self.session(value));
        }
        let is_function = value.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'.');
        (name.eq_ignore_ascii_case("X-EgoNet-Function") && is_function).then(|| value.to_vec())
    }

    fn body(&mut self, request: &Request<'_>) -> Vec<u8> {
        let (function, body) = (request.field("X-EgoNet-Function").unwrap_or_default(), request.body());
        if !READ.iter().any(|service| function.starts_with(service)) {
            return vec![b'x'; body.len()];
        }
        let shown = if function.starts_with(b"Login.") { "Name" } else { "TuningSetup" };
        blank_egonet(body, shown, &Limits::default())
    }

    fn sent(&mut self, bytes: &[u8]) -> Vec<u8> {
        with_field(bytes, SESSION, |id| self.session(id))
    }

    fn shows_record(&self, _: &Record) -> bool {
        true
    }
}
