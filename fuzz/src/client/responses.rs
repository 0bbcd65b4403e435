//! Responses, as the game reads them: whole, and in the order of the captures.

use std::fmt;

use memchr::memmem;
use mmcos_game::ids::RaceKey;

/// An HTTP response.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Its status code.
    pub status: u16,
    /// Its status line and fields.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// Takes the first response out of the bytes read so far, if it is whole.
    ///
    /// # Panics
    /// If it is malformed.
    pub fn take(read: &mut Vec<u8>) -> Option<Self> {
        Self::take_from(read, true)
    }

    /// Takes the first response out of the bytes, as [`take`](Self::take) does. One to a `HEAD` request has no body.
    ///
    /// # Panics
    /// If it is malformed.
    pub fn take_from(read: &mut Vec<u8>, has_body: bool) -> Option<Self> {
        let body_at = memmem::find(read, b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(read.get(..body_at)?).expect("a head is text");
        let code = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status: u16 = code.and_then(|code| code.parse().ok()).expect("a response has a status");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = match length {
            None if status == 100 => 0,
            length => length.and_then(|length| length.parse().ok()).expect("a response has a length"),
        };
        let end = body_at + if has_body { length } else { 0 };
        let (head, body) = (head.to_owned(), read.get(body_at..end)?.to_vec());
        read.drain(..end);
        Some(Self { status, head, body })
    }

    /// Returns the body of a successful response.
    ///
    /// # Panics
    /// If the status is another.
    pub fn granted(&self) -> &str {
        assert_eq!(self.status, 200, "{self:?}");
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// The response to `EnterMatchmaking2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchmakingResult {
    /// The groups that race. Empty if the player cancelled.
    pub groups: Vec<Group>,
    /// The race key.
    pub race_key: Option<RaceKey>,
    /// The match number.
    pub session: u64,
}

/// A group of a [`MatchmakingResult`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The lobby of this attempt.
    pub game_lobby: u64,
    /// The lobby of the party.
    pub group_lobby: u64,
    /// Players.
    pub size: u8,
    /// True for the group in whose game lobby all meet.
    pub is_host: bool,
    /// 0, or the team in Battle.
    pub team: u8,
}

impl MatchmakingResult {
    /// Parses a response body.
    pub fn read(xml: &str) -> Option<Self> {
        let mut result = Elements(xml);
        result.next("AverageWaitTimeNonRanked")?;
        result.next("AverageWaitTimeRanked")?;
        let mut list = Elements(result.next("Groups").unwrap_or_default());
        let mut groups = Vec::new();
        while let Some(group) = list.next("MatchmakingGroup") {
            groups.push(Group::read(group)?);
        }
        let race_key = result.next("RaceKey").and_then(RaceKey::parse);
        Some(Self { groups, race_key, session: result.number("SessionId")? })
    }

    /// Returns the host's group.
    pub fn host(&self) -> Option<&Group> {
        self.groups.iter().find(|group| group.is_host)
    }

    /// Returns the number of players in the match.
    pub fn humans(&self) -> u8 {
        self.groups.iter().map(|group| group.size).fold(0, u8::saturating_add)
    }
}

impl Group {
    fn read(xml: &str) -> Option<Self> {
        let mut group = Elements(xml);
        Some(Self {
            game_lobby: group.number("GameLobbyId")?,
            group_lobby: group.number("GroupLobbyId")?,
            size: group.number("GroupSize")?,
            is_host: group.number("IsHost")?,
            team: group.number("Team")?,
        })
    }
}

/// The details in a login response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginDetails {
    /// The player's division.
    pub division: u8,
    /// The player's points.
    pub points: i32,
    /// Number of players ahead.
    pub rank: u32,
    /// The current season.
    pub season: i32,
    /// The part of the points that is the bonus with which the season began, if that is news.
    pub bonus: i32,
    /// The last season that the player knew.
    pub old_season: i32,
    /// The account number.
    pub user: u32,
    /// The session token for later requests.
    pub session_token: String,
}

impl LoginDetails {
    /// Parses a response body.
    pub fn read(xml: &str) -> Option<Self> {
        // All that follows the game's configuration is the player's own.
        let mut own = Elements(xml.rsplit_once("<GameInfo>")?.1);
        Some(Self {
            division: own.number("Division")?,
            season: own.number("PlayerSeasonID")?,
            points: own.number("Points")?,
            rank: own.number("Rank")?,
            bonus: own.number("BonusPoints")?,
            old_season: own.number("OldSeasonID")?,
            session_token: own.next("SessionToken")?.to_owned(),
            user: own.number("UserID")?,
        })
    }

    /// Returns the time that the game is to wait before it accepts AI, in seconds.
    pub fn ai_after_seconds(xml: &str) -> Option<u64> {
        let (_, timeout) = xml.rsplit_once("Config_MatchmakingTimeout_Soft")?;
        Elements(timeout).number("Value")
    }
}

/// A player on a leaderboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The division held.
    pub division: u8,
    /// Season points.
    pub points: i32,
    /// The box of the title, if one was chosen.
    pub title: Option<u8>,
    /// The account.
    pub user: u32,
}

/// Returns the box of a title.
pub(crate) fn title_box(title: &str) -> Option<u8> {
    title.rsplit_once("_box_")?.1.parse().ok()
}

/// The response to `GetElite`, `GetEliteRank` and `GetFriends`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaderboard {
    /// Best first.
    pub entries: Vec<Entry>,
    /// Number of players ahead of the caller.
    pub rank: u32,
    /// The caller's points.
    pub score: i32,
}

impl Leaderboard {
    /// Parses the XML. Fails if a name contains a character that reverses text or replaces one that XML forbids.
    pub fn read(xml: &str) -> Option<Self> {
        if xml.contains(['\u{202e}', '\u{fffd}']) {
            return None;
        }
        let mut list = Elements(xml);
        let mut entries = Vec::new();
        while let Some(division) = list.number("Division") {
            entries.push(Entry {
                division,
                points: list.number("Points")?,
                title: title_box(list.next("Title")?),
                user: list.number("UserID")?,
            });
        }
        // The caller's own part follows the entries.
        Some(Self { entries, rank: list.number("PlayerRank")?, score: list.number("PlayerScore")? })
    }
}

/// The response to `AddPoints`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddPointsResult {
    /// The new division.
    pub division: u8,
    /// The new points.
    pub points: i32,
    /// The new number of players ahead.
    pub rank: u32,
}

impl AddPointsResult {
    /// Returns true if the game is to log in again because its configuration has changed.
    pub fn needs_login(xml: &str) -> Option<bool> {
        Elements(xml).number("GameConfigChanged")
    }

    /// Parses a response body.
    pub fn read(xml: &str) -> Option<Self> {
        let mut result = Elements(xml);
        Some(Self {
            division: result.number("NewDivision")?,
            points: result.number("Points")?,
            rank: result.number("Rank")?,
        })
    }
}

/// The elements of a text, taken in order and never backwards: skipped ones are gone.
pub(crate) struct Elements<'a>(pub(crate) &'a str);

impl<'a> Elements<'a> {
    /// Returns the content of the next element with this name.
    pub(crate) fn next(&mut self, name: &str) -> Option<&'a str> {
        // The byte behind the name first: two names of one length are rarer than two with the same beginning.
        let named = |tag: &'a str| {
            let after = tag.get(name.len() + 1..).filter(|_| tag.as_bytes()[name.len()] == b'>');
            after.filter(|_| tag.starts_with(name))
        };
        let mut rest = self.0;
        let content = loop {
            rest = after_angle(rest)?;
            if let Some(content) = named(rest) {
                break content;
            }
        };
        rest = content;
        loop {
            rest = after_angle(rest)?;
            if let Some(after) = after_byte(rest, b'/').and_then(named) {
                self.0 = after;
                return content.get(..content.len() - rest.len() - 1);
            }
        }
    }

    pub(crate) fn number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        self.next(name)?.parse().ok()
    }
}

/// Returns the text behind the next `<`.
fn after_angle(text: &str) -> Option<&str> {
    text.get(memchr::memchr(b'<', text.as_bytes())? + 1..)
}

/// Returns the rest of a text that begins with this byte.
fn after_byte(text: &str, byte: u8) -> Option<&str> {
    text.get(1..).filter(|_| text.as_bytes().first() == Some(&byte))
}
