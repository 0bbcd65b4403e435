//! Redaction of this game's traces.
//!
//! Session tokens are issued anew, under a key that is in the trace and belongs to this trace only. In Steam tickets
//! the secrets and addresses are blanked, and a valid signature of Steam is replaced by one of a key that is thrown
//! away. `EgoNet`'s tickets are blanked; bans of addresses are left out. Names and `SteamID`s stay: they are the game.

mod secrets;
mod ticket;

use alloc::{vec, vec::Vec};

use mmcos_core::{
    game::Life,
    trace::{
        Start,
        redact::{Redactor, all_masked, blank_egonet},
    },
    wire::http::Request,
};

use crate::{Mmcos, Record, Settings, is_service, moderation::Subject};
pub use secrets::Secrets;

/// Elements whose text a service reads and that are not secret.
const SHOWN: [&[u8]; 19] = [
    b"DisplayName",
    b"DefaultTitle",
    b"Title",
    b"GroupLobbyId",
    b"GameLobbyId",
    b"NetworkVersion",
    b"GameType",
    b"GroupSize",
    b"RuleSet",
    b"IgnoreMinimumMatchRequirements",
    b"RaceKey",
    b"PlatformIDs",
    b"PlatformId",
    b"Points",
    b"Level",
    b"Prestige",
    b"StartRank",
    b"NumResults",
    b"MaxEntries",
];
const EGONET_LOGIN: &[u8] = b"LoginService.Login";

impl Redactor<Mmcos> for Secrets {
    fn new(start: &Start<Mmcos>, entropy: [u8; 32]) -> Self {
        Self::of(&start.settings, &start.life, entropy)
    }

    fn start(&self, start: &Start<Mmcos>) -> Start<Mmcos> {
        let life = Life { key: self.session_key(), ..start.life.clone() };
        let settings = Settings { identity: self.identity(), ..start.settings.clone() };
        Start { life, settings, ..start.clone() }
    }

    fn shows_path(&self, path: &str) -> bool {
        is_service(path)
    }

    fn field(&self, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        let is_shown = name.eq_ignore_ascii_case("X-EgoNet-Function")
            && (value == EGONET_LOGIN || value == b"Analytics.DataEvent");
        is_shown.then(|| value.to_vec())
    }

    fn body(&mut self, request: &Request<'_>) -> Vec<u8> {
        let body = request.body();
        match request.field("X-EgoNet-Function") {
            Some(EGONET_LOGIN) if request.path().ends_with("/MicroMachines/STEAM/1.0/") => {
                blank_egonet(body, "Name", &self.egonet)
            }
            _ if is_service(request.path()) => shown_xml(body, self),
            _ => vec![b'x'; body.len()],
        }
    }

    fn sent(&mut self, bytes: &[u8]) -> Vec<u8> {
        shown_response(bytes, self)
    }

    fn shows_record(&self, record: &Record) -> bool {
        match record {
            Record::Ban(ban) => matches!(ban.subject, Subject::Account(_)),
            Record::Unban(subject) => matches!(subject, Subject::Account(_)),
            // A trace has no operators, as it has no dashboard.
            Record::Operator(_)
            | Record::OperatorRemoved(_)
            | Record::Adjusted(_)
            | Record::Audit(_)
            | Record::AuditForgotten(_) => false,
            Record::Player(_)
            | Record::Match(_)
            | Record::PlayerDeleted(_)
            | Record::MatchForgotten(_)
            | Record::Prize(_)
            | Record::Podium(_)
            | Record::Hour(_)
            | Record::Load(_)
            | Record::MinuteLoads(_)
            | Record::Result(_)
            | Record::Setting { .. }
            | Record::SeasonStarted(_)
            | Record::Plan(_)
            | Record::PlanRemoved(_)
            | Record::EventByHand(_) => true,
        }
    }
}

/// Redacts a document: keeps the texts that a service reads, and replaces session tokens and Steam tickets.
fn shown_xml(document: &[u8], secrets: &Secrets) -> Vec<u8> {
    let mut out = Vec::with_capacity(document.len());
    let mut element: &[u8] = b"";
    let mut rest = document;
    while !rest.is_empty() {
        let (piece, kind) = next_piece(rest);
        rest = rest.get(piece.len()..).unwrap_or_default();
        match kind {
            Piece::Text(before, after) => {
                let text = piece.get(before..piece.len().saturating_sub(after)).unwrap_or_default();
                out.extend_from_slice(piece.get(..before).unwrap_or_default());
                out.extend(match element {
                    b"SessionToken" => secrets.stand_in_for_token(text),
                    b"PlatformID" => secrets.stand_in_for_platform_id(text),
                    shown if SHOWN.contains(&shown) => text.to_vec(),
                    _ => all_masked(text),
                });
                out.extend_from_slice(piece.get(piece.len().saturating_sub(after)..).unwrap_or_default());
            }
            Piece::Start => {
                let end = piece.iter().position(|byte| b" \t\r\n/>".contains(byte)).unwrap_or(piece.len());
                let (name, attributes) = piece.split_at(end);
                let local = name.rsplit(|byte| matches!(byte, b':' | b'<')).next().unwrap_or_default();
                element = if piece.ends_with(b"/>") { b"" } else { local };
                out.extend_from_slice(name);
                let mut quoted = false;
                for value in attributes.split_inclusive(|byte| matches!(byte, b'"' | b'\'')) {
                    let is_read = matches!(value.trim_ascii_end(), [b't', b'r', b'u', b'e', _] | [b'1', _]);
                    out.extend(if quoted && !is_read { all_masked(value) } else { value.to_vec() });
                    quoted = !quoted;
                }
            }
            Piece::End => {
                element = b"";
                out.extend_from_slice(piece);
            }
            Piece::Other => out.extend(all_masked(piece)),
        }
    }
    out
}

/// The next piece of a document. A text has this many bytes of markup before it and after it.
enum Piece {
    Text(usize, usize),
    Start,
    End,
    Other,
}

fn next_piece(rest: &[u8]) -> (&[u8], Piece) {
    const CDATA: (&[u8], &[u8]) = (b"<![CDATA[", b"]]>");
    let up_to = |end: &[u8]| {
        let at = rest.windows(end.len()).position(|window| window == end);
        at.and_then(|at| rest.get(..at.saturating_add(end.len())))
    };
    if rest.starts_with(CDATA.0) {
        return up_to(CDATA.1)
            .map_or((rest, Piece::Other), |piece| (piece, Piece::Text(CDATA.0.len(), CDATA.1.len())));
    }
    let (end, kind): (&[u8], Piece) = match rest {
        [b'<', b'!', b'-', b'-', ..] => (b"-->", Piece::Other),
        [b'<', b'?', ..] => {
            // A declaration carries no data, and a masked one is no declaration.
            return up_to(b"?>").map_or((rest, Piece::Other), |piece| (piece, Piece::End));
        }
        [b'<', b'!', ..] => (b">", Piece::Other),
        [b'<', b'/', ..] => (b">", Piece::End),
        [b'<', ..] => (b">", Piece::Start),
        _ => {
            let text = rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
            return (rest.get(..text).unwrap_or_default(), Piece::Text(0, 0));
        }
    };
    up_to(end).map_or((rest, Piece::Other), |piece| (piece, kind))
}

/// Redacts a response: replaces session tokens.
fn shown_response(bytes: &[u8], secrets: &Secrets) -> Vec<u8> {
    const OPEN: &[u8] = b"<SessionToken>";
    let start = bytes.windows(OPEN.len()).position(|window| window == OPEN);
    let Some(start) = start.map(|start| start.saturating_add(OPEN.len())) else { return bytes.to_vec() };
    let (before, rest) = bytes.split_at(start);
    let (token, after) = rest.split_at(rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len()));
    [before, &secrets.stand_in_for_token(token), after].concat()
}
