//! Bans of accounts and addresses, until a moment or permanent.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use mmcos_core::{AddressRange, calendar::UtcText, seam::Wall, wire::steam::SteamId};

/// Subject of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Subject {
    /// A player, at any address.
    Account(SteamId),
    /// Every player at these addresses, including players behind the same router.
    Addresses(AddressRange),
}

/// Reason why a text is not the subject of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Neither a player nor addresses.
    #[error(
        "expected a SteamID64 such as 76561202255230001, an address, or a range of addresses such as 203.0.113.0/24"
    )]
    Form,
    /// The address of a range is not its first: most likely the prefix is mistyped.
    #[error(
        "{written}/{} would ban all of {range}. Write {range} if you mean that, or {written}/{longer} for the network that begins \
         at {written}",
        range.prefix()
    )]
    NotFirst {
        /// The address as written.
        written: IpAddr,
        /// The range around it.
        range: AddressRange,
        /// The shortest prefix of a range that begins at the address.
        longer: u8,
    },
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse().map(SteamId::new) {
            Ok(player) if player.is_public_individual() => Ok(Self::Account(player)),
            Ok(_) => Err(SubjectError::Form),
            Err(_) => addresses(text).map(Self::Addresses),
        }
    }
}

fn addresses(text: &str) -> Result<AddressRange, SubjectError> {
    let range: AddressRange = text.parse().map_err(|_| SubjectError::Form)?;
    let written =
        text.split('/').next().unwrap_or_default().parse::<IpAddr>().map_err(|_| SubjectError::Form)?;
    let written = written.to_canonical();
    if written == range.first() {
        return Ok(range);
    }
    let (zeros, bits) = match written {
        IpAddr::V4(address) => (address.to_bits().trailing_zeros(), 32_u32),
        IpAddr::V6(address) => (address.to_bits().trailing_zeros(), 128),
    };
    let longer = u8::try_from(bits.saturating_sub(zeros)).unwrap_or(u8::MAX);
    Err(SubjectError::NotFirst { written, range, longer })
}

impl Subject {
    /// Returns the reason why a ban by the operator at this address needs a confirmation, or `None`.
    pub fn danger(&self, operator: IpAddr) -> Option<Danger> {
        let Self::Addresses(range) = self else { return None };
        let first = range.first();
        let wide = if first.is_ipv4() { WIDE_IPV4 } else { WIDE_IPV6 };
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        match () {
            () if range.contains(operator) => Some(Danger::Operator(operator.to_canonical())),
            () if first.is_loopback() || loopback.iter().any(|ip| range.contains(*ip)) => {
                Some(Danger::Loopback)
            }
            () if range.prefix() <= wide => Some(Danger::Wide),
            () => None,
        }
    }
}

/// The prefix from which on a range of IPv4 addresses is wide. (Our choice, as is the next.)
const WIDE_IPV4: u8 = 8;
/// The same for IPv6, where a provider has a /32 or less.
const WIDE_IPV6: u8 = 24;

/// Reason why a ban needs a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// The ban covers the operator's own address.
    Operator(IpAddr),
    /// The ban covers this machine.
    Loopback,
    /// The ban covers a large part of the internet.
    Wide,
}

impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(address) => write!(f, "contains your own address {address}"),
            Self::Loopback => f.write_str("contains this machine's own address"),
            Self::Wide => f.write_str("is a large part of the internet"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        text.parse()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(player) => player.fmt(f),
            Self::Addresses(range) => range.fmt(f),
        }
    }
}

/// A ban. Its text is for the player as well; the note is not in it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ban {
    /// Banned player or addresses.
    pub subject: Subject,
    /// Start of the ban.
    pub since: Wall,
    /// End of the ban; a permanent ban has none.
    pub until: Option<Wall>,
    /// Reason, as the player reads it. May be empty.
    pub reason: String,
    /// Note for operators. May be empty.
    pub note: String,
}

impl Ban {
    /// Returns true if the ban is active at this moment.
    pub fn holds(&self, now: Wall) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl fmt::Display for Ban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is banned", self.subject)?;
        match self.until {
            Some(until) => write!(f, " until {}", UtcText::from(until))?,
            None => f.write_str(" for good")?,
        }
        if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", self.reason) }
    }
}

/// All bans, one for each subject. A ban that has ended stays until it is lifted: earlier bans are worth knowing.
///
/// ```
/// use mmcos_core::{seam::Wall, wire::steam::SteamId};
/// use mmcos_game::moderation::{Ban, Bans};
/// let cheater = SteamId::new(76_561_202_255_230_001);
/// let mut bans = Bans::default();
/// bans.put(Ban {
///     subject: "76561202255230001".parse()?,
///     since: Wall::from_secs(1_800_000_000),
///     until: Some(Wall::from_secs(1_800_604_800)),
///     reason: "cheating".into(),
///     note: "seen by three others".into(),
/// });
/// let ban = bans.of_account(cheater, Wall::from_secs(1_800_000_001)).unwrap();
/// assert_eq!(ban.to_string(), "76561202255230001 is banned until 2027-01-22T08:00:00Z: cheating");
/// assert_eq!(bans.of_account(cheater, Wall::from_secs(1_800_604_800)), None);
/// # Ok::<(), mmcos_game::moderation::SubjectError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bans {
    accounts: BTreeMap<SteamId, Ban>,
    addresses: BTreeMap<AddressRange, Ban>,
}

impl Bans {
    /// Adds a ban, in place of an earlier one of the same subject.
    pub fn put(&mut self, ban: Ban) {
        match ban.subject {
            Subject::Account(player) => self.accounts.insert(player, ban),
            Subject::Addresses(range) => self.addresses.insert(range, ban),
        };
    }

    /// Removes and returns the ban of exactly this subject.
    pub fn lift(&mut self, subject: Subject) -> Option<Ban> {
        match subject {
            Subject::Account(player) => self.accounts.remove(&player),
            Subject::Addresses(range) => self.addresses.remove(&range),
        }
    }

    /// Returns all bans, including those that have ended, players before addresses.
    pub fn iter(&self) -> impl Iterator<Item = &Ban> {
        self.accounts.values().chain(self.addresses.values())
    }

    /// Rejects a player whose ban is active.
    ///
    /// # Errors
    /// The ban.
    pub fn admit(&self, player: SteamId, now: Wall) -> Result<(), Ban> {
        self.of_account(player, now).map_or(Ok(()), |ban| Err(ban.clone()))
    }

    /// Returns the ban that keeps this player out now.
    pub fn of_account(&self, player: SteamId, now: Wall) -> Option<&Ban> {
        self.accounts.get(&player).filter(|ban| ban.holds(now))
    }

    /// Returns the ban that keeps this address out now; that of the narrowest range if there are several.
    pub fn of_address(&self, address: IpAddr, now: Wall) -> Option<&Ban> {
        if self.addresses.is_empty() {
            return None;
        }
        let around = AddressRange::around(address).filter_map(|range| self.addresses.get(&range));
        around.into_iter().find(|ban| ban.holds(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall::from_secs(1_800_000_000);
    const LATER: Wall = Wall::from_secs(1_800_000_060);

    fn ban(subject: &str, until: Option<Wall>) -> Ban {
        let (reason, note) = (String::new(), String::new());
        Ban { subject: subject.parse().unwrap(), since: NOW, until, reason, note }
    }

    fn bans<const N: usize>(all: [Ban; N]) -> Bans {
        let mut bans = Bans::default();
        for ban in all {
            bans.put(ban);
        }
        bans
    }

    #[test]
    fn subjects_are_players_and_ranges() {
        for text in ["76561202255230001", "203.0.113.7", "203.0.113.0/24", "2001:db8::/32"] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        // 1 is no player's account: perhaps the end of a number, or a `UserID`.
        for text in ["", "1", "76561202255230001/24", "STEAM_0:1:234", "Racer01"] {
            assert_eq!(text.parse::<Subject>(), Err(SubjectError::Form), "{text}");
        }
    }

    #[test]
    fn a_range_is_written_by_its_first_address() {
        let mistake = |text: &str| text.parse::<Subject>().unwrap_err().to_string();
        let said = mistake("203.0.113.0/2");
        assert!(said.starts_with("203.0.113.0/2 would ban all of 192.0.0.0/2. Write 192.0.0.0/2"), "{said}");
        assert!(said.contains("or 203.0.113.0/24 for"), "{said}");
        assert!(mistake("203.0.113.7/24").contains("or 203.0.113.7/32 for"));
        assert!(
            mistake("2001:db8:0:8::/48").contains("2001:db8::/48. Write"),
            "{}",
            mistake("2001:db8:0:8::/48")
        );
        assert_eq!("::ffff:203.0.113.0/120".parse::<Subject>().unwrap().to_string(), "203.0.113.0/24");
    }

    #[test]
    fn wide_ranges_and_ones_own_address_are_dangerous() {
        let danger =
            |text: &str, operator: &str| text.parse::<Subject>().unwrap().danger(operator.parse().unwrap());
        let elsewhere = "198.51.100.1";
        for text in ["203.0.113.0/24", "203.0.113.7", "12.0.0.0/9", "2001:db8::/32", "76561202255230001"] {
            assert_eq!(danger(text, elsewhere), None, "{text}");
        }
        for text in ["0.0.0.0/2", "12.0.0.0/8", "0.0.0.0/1", "::/3", "2a00::/24"] {
            assert!(danger(text, elsewhere).is_some(), "{text}");
        }
        for text in ["127.0.0.1", "127.1.2.0/24", "0.0.0.0/0", "::/0", "::1", "96.0.0.0/3"] {
            assert!(
                matches!(danger(text, elsewhere), Some(Danger::Loopback | Danger::Operator(_))),
                "{text}"
            );
        }
        for own in ["198.51.100.1", "198.51.100.0/24", "0.0.0.0/0"] {
            assert_eq!(
                danger(own, "::ffff:198.51.100.1"),
                Some(Danger::Operator(elsewhere.parse().unwrap()))
            );
        }
    }

    #[test]
    fn a_ban_holds_until_its_end_and_without_one_for_good() {
        let bans = bans([ban("76561202255230001", Some(LATER)), ban("76561202255230002", None)]);
        let banned = |player, now| bans.of_account(SteamId::new(player), now).is_some();
        let [timed, lasting, nobody] =
            [76_561_202_255_230_001, 76_561_202_255_230_002, 76_561_202_255_230_003];
        let almost = Wall::from_millis(LATER.as_millis() - 1);
        assert!(banned(timed, NOW) && banned(timed, almost) && !banned(timed, LATER));
        assert!(banned(lasting, NOW) && banned(lasting, Wall::from_millis(i64::MAX)));
        assert!(!banned(nobody, NOW));
    }

    #[test]
    fn of_the_ranges_that_hold_the_narrowest_counts() {
        let bans =
            bans([ban("203.0.113.0/24", None), ban("203.0.113.7", Some(LATER)), ban("2001:db8::/32", None)]);
        let range = |address: &str, now| {
            bans.of_address(address.parse().unwrap(), now).map(|ban| ban.subject.to_string())
        };
        assert_eq!(range("203.0.113.7", NOW).as_deref(), Some("203.0.113.7"));
        assert_eq!(range("203.0.113.7", LATER).as_deref(), Some("203.0.113.0/24"));
        assert_eq!(range("2001:db8:1::1", NOW).as_deref(), Some("2001:db8::/32"));
        assert_eq!(range("203.0.114.7", NOW), None);
    }

    #[test]
    fn a_ban_replaces_that_of_its_subject_and_is_lifted_by_it() {
        let mut bans = bans([ban("203.0.113.0/24", None), ban("203.0.113.0/24", Some(LATER))]);
        assert!(bans.iter().eq(&[ban("203.0.113.0/24", Some(LATER))]));
        assert_eq!(bans.lift("203.0.113.0/25".parse().unwrap()), None);
        assert!(bans.lift("203.0.113.0/24".parse().unwrap()).is_some());
        assert_eq!(bans, Bans::default());
    }
}
