use mmcos_core::wire::steam::UnixSeconds;

use super::script::filled;
use crate::{
    client::{
        Client, MatchmakingResult, Mode, RuleSet, requests,
        services::{PLATFORM_ID, RACE_KEY, SESSION_TOKEN},
    },
    virtual_time::{START, VirtualTime},
};

/// Values for the placeholders of a service's sample.
pub(super) struct Values {
    platform_id: String,
    session_token: String,
    race_key: String,
}

impl Values {
    /// Returns the values of a client, which races against AI for them.
    pub(super) fn of(time: &mut VirtualTime, client: &mut Client) -> Self {
        let race_key = race_alone(time, client);
        Self { platform_id: platform_id(client), session_token: client.session_token().to_owned(), race_key }
    }

    /// Returns the bytes with the placeholders replaced by their values.
    pub(super) fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        let values: [(&[u8], &[u8]); 3] = [
            (PLATFORM_ID, self.platform_id.as_bytes()),
            (SESSION_TOKEN, self.session_token.as_bytes()),
            (RACE_KEY, self.race_key.as_bytes()),
        ];
        filled(bytes, &values)
    }
}

/// Returns the race key of a match against AI.
fn race_alone(time: &mut VirtualTime, client: &mut Client) -> String {
    let poll = client.poll(time, Mode { rule_set: RuleSet::Race, ranked: false }, 1, true);
    let response = time.response_until(time.now()).filter(|(conn, _)| *conn == poll.conn);
    let (_, response) = response.expect("a poll that accepts AI gets its response at once");
    let result = MatchmakingResult::read(response.granted()).expect("the result has all of its parts");
    result.race_key.expect("a race has a key").to_string()
}

fn platform_id(client: &Client) -> String {
    let issued = UnixSeconds(u32::try_from(START.as_secs()).unwrap_or_default());
    requests::platform_id(client.steam_id(), issued)
}
