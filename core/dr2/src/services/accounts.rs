//! Accounts and the sessions of players that are logged in.
//!
//! The game's ticket is encrypted for the publisher, so a login proves nothing: the name is the account (decision
//! 0086). Session numbers are part of the row, so that a stage that is driven over a restart of the server counts.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::str;

use mmcos_core::{seam::Wall, wire::http::Request};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::service::{LoginOutcome, decode};
use crate::shapes::dict;
use crate::{Cx, Dr2, LogEvent, Record, Refusal};

/// The field that names a session. (*seen*)
pub(crate) const SESSION: &str = "X-EgoNet-SessionID";
/// Characters of the longest name that is stored. Names on Steam have at most 32.
const LONGEST_NAME: usize = 32;
/// Sessions of an account: players of one name, or one at two machines, do not log each other out.
const SESSIONS: usize = 4;

/// Number of an account, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub i64);

/// A player. The key of the row is `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Number.
    pub id: AccountId,
    /// Name, as the leaderboards show it.
    pub name: String,
    /// Time of the last login.
    pub logged_in: Wall,
    /// Numbers of the sessions, the latest first. A number is no use without the server's key.
    #[serde(default)]
    pub sessions: Vec<u64>,
}

/// All accounts.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) rows: BTreeMap<AccountId, Account>,
    names: BTreeMap<String, AccountId>,
}

impl Accounts {
    pub(crate) fn name(&self, id: AccountId) -> &str {
        self.rows.get(&id).map_or("", |account| &account.name)
    }

    /// Returns the account of the session that a request names.
    pub(crate) fn of(&self, request: &Request<'_>, key: &[u8; 32]) -> Option<AccountId> {
        let number = session_number(key, request.field(SESSION)?)?;
        let id = AccountId((number >> 32).cast_signed());
        self.rows.get(&id)?.sessions.contains(&number).then_some(id)
    }

    /// Adds an account, or replaces the one with its id.
    pub(crate) fn put(&mut self, account: Account) {
        self.names.insert(account.name.clone(), account.id);
        self.rows.insert(account.id, account);
    }
}

/// Returns the identifier of a session: 16 hex digits of its number, half of which are those of the account, and 16
/// that authenticate it, so that a trace can show others. (*ours*; 32 digits are *seen*)
pub(crate) fn session_id(key: &[u8; 32], number: u64) -> String {
    let digest = Sha256::new().chain_update(key).chain_update(number.to_le_bytes()).finalize();
    format!("{number:016x}{:016x}", digest.first_chunk().map_or(0, |tag| u64::from_le_bytes(*tag)))
}

/// Returns the number of a session, if this server issued this identifier.
pub(crate) fn session_number(key: &[u8; 32], id: &[u8]) -> Option<u64> {
    let number = u64::from_str_radix(str::from_utf8(id.get(..16)?).ok()?, 16).ok()?;
    (session_id(key, number).as_bytes() == id).then_some(number)
}

/// Returns a name as it is stored: without control characters, not too long, never empty.
fn clean(name: &str) -> String {
    let printable: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    match printable.trim() {
        "" => "Driver".into(),
        trimmed => trimmed.into(),
    }
}

impl Dr2 {
    /// Responds to `Login.Login`: `{Name: dstr, SteamTicket: blob}` (*seen*).
    pub(crate) fn log_in(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) -> LoginOutcome {
        let name = clean(decode(request)?.field("Name")?);
        let accounts = &mut self.accounts;
        let known = accounts.names.get(&name).and_then(|id| accounts.rows.get(id));
        let most = self.settings.max_accounts;
        if known.is_none() && u32::try_from(accounts.rows.len()).is_ok_and(|count| count >= most) {
            return Err(Refusal::Full(most));
        }
        let earlier = known.iter().flat_map(|account| account.sessions.iter().copied());
        let next = accounts.rows.last_key_value().map_or(1, |(last, _)| last.0.saturating_add(1));
        let (id, is_new) = known.map_or((AccountId(next), true), |account| (account.id, false));
        let session = id.0.cast_unsigned() << 32 | cx.random() >> 32;
        let sessions = [session].into_iter().chain(earlier).take(SESSIONS).collect();
        let account = Account { id, name: name.clone(), logged_in: cx.now().wall, sessions };
        cx.record(Record::Account(account.clone()));
        cx.log(LogEvent::LoggedIn { name, is_new });
        accounts.put(account);
        // The widths are *said*; another server's si32 of 0 for `Flags` works too.
        Ok((dict! { si64 "AccountId": id.0, ui64 "Flags": 0 }, Some(session_id(&self.life.key, session))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_printable_short_and_never_empty() {
        assert_eq!(clean(" Ann\u{7}\n "), "Ann");
        assert_eq!(clean("\u{1b}\u{0}  "), "Driver");
        assert_eq!(clean(&"ä".repeat(100)).chars().count(), 32);
    }
}
