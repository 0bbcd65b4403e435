//! The audit log: each command that an operator carried out.

use alloc::{collections::BTreeMap, string::String};
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::seam::Wall;

/// Maximum number of entries. Beyond it, the oldest is removed. (Our choice, as is the next.)
const MOST: usize = 4096;
/// Maximum bytes of a text of an entry; a longer one is cut.
const LONGEST: usize = 1000;

/// A command that was carried out, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Number, which grows.
    pub number: u64,
    /// Time of the command.
    pub at: Wall,
    /// Name of the operator.
    pub operator: String,
    /// Address of the operator; `None` once it is older than addresses are kept.
    pub address: Option<IpAddr>,
    /// Method and path of the command in the API, such as `POST /api/v1/bans`.
    pub command: String,
    /// Description of the command, such as `set message to "Hello"`.
    pub text: String,
    /// Number of the player that the command was about.
    pub about: Option<u32>,
    /// State before the command, if it changed one.
    pub before: Option<String>,
    /// State after the command, if it changed one.
    pub after: Option<String>,
}

/// The newest entries, by number.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    entries: BTreeMap<u64, AuditEntry>,
    /// Entries up to this number have no address any more.
    without_address: u64,
}

impl AuditLog {
    /// Returns all entries, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &AuditEntry> {
        self.entries.values()
    }

    /// Returns the entries before this number, the latest first.
    pub fn before(&self, number: u64) -> impl Iterator<Item = &AuditEntry> {
        self.entries.range(..number).rev().map(|(_, entry)| entry)
    }

    /// Adds an entry under the next number. Returns it as it is kept, and the number of the entry that it replaced in
    /// a full log.
    pub fn add(&mut self, entry: AuditEntry) -> (&AuditEntry, Option<u64>) {
        let last = self.entries.last_key_value().map_or(0, |(number, _)| *number);
        let number = last.saturating_add(1);
        let cut = |mut text: String| {
            text.truncate(text.floor_char_boundary(LONGEST));
            text
        };
        let entry = AuditEntry {
            number,
            address: entry.address.map(|address| address.to_canonical()),
            text: cut(entry.text),
            before: entry.before.map(cut),
            after: entry.after.map(cut),
            ..entry
        };
        let full = self.entries.len() >= MOST;
        let evicted = if full { self.entries.pop_first().map(|(number, _)| number) } else { None };
        (self.entries.entry(number).or_insert(entry), evicted)
    }

    /// Restores an entry, in place of the one with its number.
    pub fn put(&mut self, entry: AuditEntry) {
        self.entries.insert(entry.number, entry);
    }

    /// Removes an entry.
    pub fn remove(&mut self, number: u64) {
        self.entries.remove(&number);
    }

    /// Drops the address of the oldest entry that has one, if it is from before `oldest`. Returns the changed entry.
    pub fn drop_address(&mut self, oldest: Wall) -> Option<&AuditEntry> {
        let mut later = self.entries.range_mut(self.without_address.saturating_add(1)..);
        let (number, entry) = later.find(|(_, entry)| entry.address.is_some())?;
        if entry.at >= oldest {
            return None;
        }
        entry.address = None;
        self.without_address = *number;
        Some(entry)
    }

    /// Removes everything that could identify a player: the texts of entries about this number, and of those that
    /// contain one of these texts. Returns the numbers of the changed entries.
    pub fn forget(&mut self, player: u32, texts: &[&str]) -> alloc::vec::Vec<u64> {
        let mentions = |entry: &AuditEntry| {
            let mut own =
                [Some(&entry.text), entry.before.as_ref(), entry.after.as_ref()].into_iter().flatten();
            own.any(|own| texts.iter().any(|text| !text.is_empty() && own.contains(text)))
        };
        let found = self.entries.values_mut().filter(|entry| entry.about == Some(player) || mentions(entry));
        let changed = found.map(|entry| {
            entry.text = "a command about a player that was deleted since".into();
            (entry.before, entry.after) = (None, None);
            entry.number
        });
        changed.collect()
    }

    /// Returns the entry with this number.
    pub fn get(&self, number: u64) -> Option<&AuditEntry> {
        self.entries.get(&number)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec::Vec};
    use core::net::Ipv4Addr;

    use super::*;

    fn entry(at: i64, text: &str) -> AuditEntry {
        AuditEntry {
            number: 0,
            at: Wall::from_secs(at),
            operator: "anna".into(),
            address: Some(Ipv4Addr::LOCALHOST.into()),
            command: "POST /api/v1/bans".into(),
            text: text.into(),
            about: None,
            before: None,
            after: None,
        }
    }

    #[test]
    fn a_full_log_drops_the_oldest_and_numbers_go_on() {
        let mut log = AuditLog::default();
        let evicted: Vec<_> = (0..5000).filter_map(|at| log.add(entry(at, "x")).1).collect();
        assert_eq!((evicted.len(), evicted.first(), log.iter().count()), (5000 - MOST, Some(&1), MOST));
        let mut restored = AuditLog::default();
        log.iter().for_each(|entry| restored.put(entry.clone()));
        assert_eq!(restored.add(entry(0, "x")).0.number, 5001);
        assert_eq!(restored.before(5001).next().unwrap().number, 5000);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut log = AuditLog::default();
        let kept = log.add(entry(0, &"ä".repeat(LONGEST))).0;
        assert_eq!(kept.text.len(), LONGEST);
        assert_eq!(log.add(entry(0, &format!("a{}", "ä".repeat(LONGEST)))).0.text.len(), LONGEST - 1);
    }

    #[test]
    fn addresses_go_from_the_oldest_on() {
        let mut log = AuditLog::default();
        for at in [10, 20, 30] {
            log.add(entry(at, "x"));
        }
        let drop_to = |log: &mut AuditLog, oldest| -> Vec<u64> {
            core::iter::from_fn(|| log.drop_address(Wall::from_secs(oldest)).map(|entry| entry.number))
                .collect()
        };
        assert_eq!(drop_to(&mut log, 21), [1, 2]);
        assert!(drop_to(&mut log, 21).is_empty());
        assert!(log.get(2).unwrap().address.is_none() && log.get(3).unwrap().address.is_some());
        assert_eq!(drop_to(&mut log, 31), [3]);
    }

    #[test]
    fn a_player_is_forgotten_where_it_is_named() {
        let mut log = AuditLog::default();
        log.add(AuditEntry { about: Some(7), before: Some("Ann".into()), ..entry(1, "kicked Ann") });
        log.add(AuditEntry { after: Some("76561202255230001 is banned".into()), ..entry(2, "banned") });
        log.add(AuditEntry { about: Some(8), ..entry(3, "kicked Ben") });
        assert_eq!(log.forget(7, &["76561202255230001", ""]), [1, 2]);
        let texts = format!("{:?}", log.iter().collect::<alloc::vec::Vec<_>>());
        assert!(!texts.contains("Ann") && !texts.contains("76561202255230001") && texts.contains("Ben"));
    }
}
