//! The game for fixtures: its configuration, its logins, and its probe request.

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::{
    seam::Wall,
    settings::{Line, Value as _},
    testing::TestGame,
    wire::http,
};
use mmcos_game::{
    Mmcos,
    session_token::{Session, SessionKey},
};

use super::{
    rig::{Rig, START},
    world::{self, Hosted, trusting},
};

/// The game, without stored records.
///
/// `config KEY VALUE` knows the keys of `service` below. `given NAME STEAMID` logs a player in; `{{NAME}}` is the session
/// token. `{{ticket STEAMID}}` is a `PlatformID` with an unsigned ticket, `{{forged NAME}}` a session token for the
/// account of a player under a key that is not the server's.
///
/// Fixtures of `conformance` leave the accounts to whatever plays them: `given NAME player 1`,
/// `{{ticket of player 1}}`, `{{id of player 1}}`.
pub(crate) struct Fresh;

impl TestGame for Fresh {
    type Service = Mmcos;

    fn service(&self, settings: &[(String, String)]) -> Mmcos {
        let mut hosted = Hosted::from(trusting());
        for (key, value) in settings {
            match key.as_str() {
                "message" => hosted.settings.message = Line::parse(value),
                "maintenance" => hosted.settings.maintenance = value == "true",
                "session_seconds" => {
                    hosted.built_in.session_lifetime = Duration::from_secs(value.parse().expect(value));
                }
                _ => panic!("{key} is not to be configured"),
            }
        }
        world::game(hosted, 3)
    }

    fn given(&self, rig: &mut Rig<Mmcos>, name: &str, steam_id: &str) -> Vec<u8> {
        let steam_id = player(steam_id).unwrap_or_else(|| steam_id.parse().expect(steam_id));
        world::login(rig, steam_id, name).into_bytes()
    }

    fn value(&self, name: &str, known: &BTreeMap<String, Vec<u8>>) -> Option<Vec<u8>> {
        match name.split_once(' ')? {
            ("id", of) => Some(player(of.strip_prefix("of ")?)?.to_string().into_bytes()),
            ("ticket", of) if of.starts_with("of ") => {
                Some(world::platform_id(player(of.strip_prefix("of ")?)?).into_bytes())
            }
            ("ticket", id) => Some(world::platform_id(id.parse().expect(id)).into_bytes()),
            ("forged", name) => {
                let token = str::from_utf8(known.get(name)?).expect("a token is ASCII");
                Some(forged(token).into_bytes())
            }
            _ => None,
        }
    }

    fn probe(&self, now: Wall) -> Option<[Vec<u8>; 2]> {
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: {}\r\nContent-Length: 4\r\n\r\nLive",
            http::Date::at(now).as_str()
        );
        Some([b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: probe\r\n\r\n".into(), response.into()])
    }

    /// Removes `/MMCOS` from the path, or adds it where it is missing.
    fn rewrite(&self, request: &[u8]) -> Vec<u8> {
        let find = |part: &[u8]| request.windows(part.len()).position(|window| window == part);
        let (from, to): (&[u8], &[u8]) =
            if find(b" /MMCOS/").is_some() { (b" /MMCOS/", b" /") } else { (b" /", b" /MMCOS/") };
        let Some(at) = find(from) else { return request.to_vec() };
        [&request[..at], to, &request[at + from.len()..]].concat()
    }
}

/// Returns the account of `player NUMBER`.
fn player(name: &str) -> Option<u64> {
    name.strip_prefix("player ").map(|number| 76_561_198_000_001_000 + number.parse::<u64>().expect(name))
}

/// Returns a token for the same account, under another key.
fn forged(token: &str) -> String {
    let now = Wall::from_secs(START);
    let session: Session = world::session_key().verify(token, now).expect("the given token is good");
    SessionKey::new(&[0xEE; 32], Duration::from_hours(1)).issue(&session)
}
