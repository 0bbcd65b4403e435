//! Views of matchmaking tickets and matches.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::cmp::Reverse;

use super::state::{first_rows, identity};
use super::{self as view, ApartRow, MatchRow, Matches, ModeRow, SearchRow, Searches};
use crate::{
    Mmcos,
    ids::UserId,
    matchmaker::{BucketKey, BucketView, LiveMatch, MatchState, Matchmaker, TicketView, WaitReason},
};
use mmcos_core::seam::{Monotonic, Now, Wall};

/// Returns the matches, except those that are no more than a lone player's next search.
pub(crate) fn under_way(matchmaker: &Matchmaker) -> impl Iterator<Item = &LiveMatch> {
    matchmaker.matches().filter(|found| found.state != MatchState::Made || found.members().nth(1).is_some())
}

/// Returns the buckets with the most players. Clients name modes, so there can be any number of them.
pub(super) fn fullest_modes(matchmaker: &Matchmaker) -> Vec<BucketView> {
    first_rows(matchmaker.buckets(), |bucket| (Reverse(bucket.players), bucket.key))
}

/// Returns the start of the longest search in each of these buckets.
pub(super) fn longest_searches(
    matchmaker: &Matchmaker,
    buckets: &[BucketView],
) -> BTreeMap<BucketKey, Monotonic> {
    let shown: BTreeSet<BucketKey> = buckets.iter().map(|bucket| bucket.key).collect();
    let mut longest = BTreeMap::new();
    for search in matchmaker.tickets().filter(|search| shown.contains(&search.bucket)) {
        let began = longest.entry(search.bucket).or_insert(search.began);
        *began = search.began.min(*began);
    }
    longest
}

impl Mmcos {
    pub(super) fn searches(&self, now: Now) -> Searches<'_> {
        let matchmaker = self.matchmaker();
        let modes = fullest_modes(matchmaker);
        let longest = longest_searches(matchmaker, &modes);
        let versions = Versions::of(matchmaker);
        let mode_row = |bucket: &BucketView| ModeRow {
            mode: mode(&bucket.key),
            version: bucket.key.network_version,
            players: bucket.players,
            searches: bucket.polls,
            since: longest.get(&bucket.key).map_or(now.wall.as_secs(), |began| at(*began, now)),
            why: versions.why(&bucket.key, &bucket.standing),
        };
        let list = first_rows(matchmaker.tickets(), |search| (search.began, search.account));
        let buckets: BTreeSet<BucketKey> = list.iter().map(|search| search.bucket).collect();
        let standings: BTreeMap<BucketKey, WaitReason> = matchmaker
            .buckets()
            .filter(|bucket| buckets.contains(&bucket.key))
            .map(|bucket| (bucket.key, bucket.standing))
            .collect();
        let row = |search: &TicketView| {
            Some(SearchRow {
                identity: identity(self.players().get(search.account)?),
                mode: mode(&search.bucket),
                version: search.bucket.network_version,
                accepts_ai: search.accepts_ai,
                party: search.size.get(),
                since: at(search.began, now),
                why: match standings.get(&search.bucket) {
                    _ if search.aside => {
                        "can meet no other group: the party fills a match, or searches twice".into()
                    }
                    Some(standing) => versions.why(&search.bucket, standing),
                    None => String::new(),
                },
            })
        };
        Searches {
            players: matchmaker.buckets().fold(0, |sum, bucket| bucket.players.saturating_add(sum)),
            searches: matchmaker.tickets().count(),
            different_modes: matchmaker.buckets().count(),
            modes: modes.iter().map(mode_row).collect(),
            list: list.iter().filter_map(row).collect(),
            pairs_apart: matchmaker.kept_apart(now.monotonic).count(),
            apart: self.pairs_apart(now),
        }
    }

    fn pairs_apart(&self, now: Now) -> Vec<ApartRow<'_>> {
        let pairs = first_rows(self.matchmaker().kept_apart(now.monotonic), |(one, other, until)| {
            (Reverse(*until), *one, *other)
        });
        let row = |(one, other, until): &(UserId, UserId, Monotonic)| {
            let left = i64::try_from(until.since(now.monotonic).as_secs()).unwrap_or(i64::MAX);
            Some(ApartRow {
                one: identity(self.players().get(*one)?),
                other: identity(self.players().get(*other)?),
                until: now.wall.as_secs().saturating_add(left),
            })
        };
        pairs.iter().filter_map(row).collect()
    }

    pub(super) fn matches(&self, now: Now) -> Matches<'_> {
        let list = first_rows(under_way(self.matchmaker()), |found| Reverse(found.id));
        Matches {
            running: under_way(self.matchmaker()).count(),
            made: self.matchmaker().match_counts().made,
            list: list.iter().map(|found| self.match_row(now, found)).collect(),
        }
    }

    /// Returns the row of a match that runs.
    pub(super) fn match_row(&self, now: Now, found: &LiveMatch) -> MatchRow<'_> {
        let mut members: Vec<_> = found.members().filter(|member| !member.left).collect();
        members.sort_by_key(|member| !member.is_host);
        MatchRow {
            session: found.id.0.to_string(),
            mode: mode(&found.bucket),
            state: match found.state {
                MatchState::Made => view::MatchState::Made,
                MatchState::Registered => view::MatchState::Racing,
                MatchState::Scored => view::MatchState::Scored,
            },
            since: at(found.made, now),
            seats: found.players,
            players: members
                .iter()
                .filter_map(|member| self.players().get(member.account))
                .map(identity)
                .collect(),
        }
    }
}

/// Number of versions of the game that search for each mode.
struct Versions(BTreeMap<BucketKey, u32>);

impl Versions {
    fn of(matchmaker: &Matchmaker) -> Self {
        let mut versions = BTreeMap::new();
        for bucket in matchmaker.buckets() {
            let count: &mut u32 = versions.entry(of_any_version(&bucket.key)).or_default();
            *count = count.saturating_add(1);
        }
        Self(versions)
    }

    /// Returns the reason why the players in a bucket still wait.
    fn why(&self, key: &BucketKey, standing: &WaitReason) -> String {
        let is_one_of_several = self.0.get(&of_any_version(key)).is_some_and(|count| *count > 1);
        if is_one_of_several && matches!(standing, WaitReason::NoCompany) {
            return format!(
                "others search for this with another version of the game (this is version {})",
                key.network_version
            );
        }
        why(standing)
    }
}

const fn of_any_version(key: &BucketKey) -> BucketKey {
    BucketKey { network_version: 0, ..*key }
}

/// Players that are searching or racing.
pub(super) struct Busy {
    pub(super) searching: BTreeSet<UserId>,
    pub(super) racing: BTreeSet<UserId>,
}

impl Busy {
    /// Returns those of the players that `is_wanted`.
    pub(super) fn of(matchmaker: &Matchmaker, is_wanted: impl Fn(UserId) -> bool) -> Self {
        let racing = under_way(matchmaker)
            .flat_map(LiveMatch::members)
            .filter(|member| !member.left && member.state != MatchState::Scored);
        let searching = matchmaker.tickets().map(|search| search.account);
        Self {
            searching: searching.filter(|user| is_wanted(*user)).collect(),
            racing: racing.map(|member| member.account).filter(|user| is_wanted(*user)).collect(),
        }
    }
}

/// Converts a moment of the monotonic clock to the wall clock.
pub(in crate::operator) fn at(moment: Monotonic, now: Now) -> i64 {
    let ago = i64::try_from(now.monotonic.since(moment).as_millis()).unwrap_or(i64::MAX);
    Wall::from_millis(now.wall.as_millis().saturating_sub(ago)).as_secs()
}

/// Returns the name of a bucket's mode.
pub(super) fn mode(key: &BucketKey) -> String {
    match (&key.game_type, &key.rule_set) {
        (Some(game_type), _) => game_type.0.to_string(),
        (None, Some(rules)) => format!("{} {}", if key.ranked { "Ranked" } else { "Any" }, rules.as_str()),
        (None, None) => "Any".into(),
    }
}

/// Returns the reason why the players in a bucket still wait.
fn why(standing: &WaitReason) -> String {
    match standing {
        WaitReason::NoCompany => "no other player searches for this".into(),
        WaitReason::Gathering { humans, .. } => format!("{humans} could race; friends may be about to join"),
        WaitReason::Holding { humans, .. } => format!("{humans} could race; more are likely to come"),
        WaitReason::Choosing { .. } => {
            "a full match is ready; players with closer points may still come".into()
        }
    }
}
