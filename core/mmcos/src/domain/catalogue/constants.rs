use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::scoring::Results;
use super::{ByDivision, Catalogue, Divisions, Experience, Generic, PositionScoring, Scores, TeamScoring};

/// First name in the official list, which starts in the middle of a table: it is the regular order, rotated.
const FIRST: &str = "SOLO_Pos8_OutOf9";

/// Returns the names and values of `ScoringConstants` in the order of capture 02.
pub(super) fn scoring_constants(catalogue: &Catalogue) -> Vec<(String, i32)> {
    let Catalogue { divisions, scoring, .. } = catalogue;
    let completed = &divisions.completed_match;
    let mut constants = Constants(Vec::new());
    constants.generic(&scoring.generic, divisions);
    constants.by_team("TEAM", &scoring.team, &completed.team);
    constants.by_position("ELIM", &scoring.elimination, &completed.elimination);
    constants.by_position("SOLO", &scoring.solo, &completed.solo);
    constants.turned()
}

/// Collects constants in the regular order: those of no mode, then mode by mode, each with its points, skill points
/// and experience.
struct Constants(Vec<(String, i32)>);

impl Constants {
    fn generic(&mut self, generic: &Generic, divisions: &Divisions) {
        self.add("GENERIC", "MatchmakingTimeout_Hard", generic.matchmaking_timeout_hard);
        self.list("GENERIC_AllowLosingPoints_Division_", "", divisions.losing_allowed.map(i32::from));
        self.list("GENERIC_AllowStreaks_Division_", "", divisions.streaks_allowed.map(i32::from));
        self.add("GENERIC", "WinStreakCount", generic.win_streak_count);
        self.add("GENERIC", "SKILLPOINTS_StreakCount", generic.skill_points.streak_count);
        self.add("GENERIC", "XP_FirstPlay", generic.first_play_xp);
        self.list("GENERIC_Bucket_", "_max", generic.bucket_max);
        self.list("GENERIC_SKILLPOINTS_Bucket_", "_max", generic.skill_points.bucket_max);
    }

    fn by_team(&mut self, mode: &str, scoring: &TeamScoring, completed_match: &ByDivision<i32>) {
        self.completed_match(mode, completed_match);
        self.scores(mode, &scoring.points);
        self.add(mode, "UnderdogPercentage", scoring.underdog_percentage);
        self.scores(&format!("{mode}_SKILLPOINTS"), &scoring.skill_points);
        self.experience(mode, &scoring.xp);
    }

    fn by_position<const MAX: usize>(
        &mut self,
        mode: &str,
        scoring: &PositionScoring<MAX>,
        completed_match: &ByDivision<i32>,
    ) {
        self.completed_match(mode, completed_match);
        self.scores(mode, &scoring.points);
        self.add(mode, "StreakPosition", scoring.streak_position);
        self.add(mode, "UnderdogPercentage", scoring.underdog_percentage);
        self.add(mode, "OverpoweredPercentage", scoring.overpowered_percentage);
        self.scores(&format!("{mode}_SKILLPOINTS"), &scoring.skill_points);
        self.experience(mode, &scoring.xp);
    }

    fn completed_match(&mut self, mode: &str, values: &ByDivision<i32>) {
        self.list(&format!("{mode}_CompletedMatch_Division_"), "", *values);
    }

    fn scores<R: Results>(&mut self, group: &str, scores: &Scores<R>) {
        self.results(group, &scores.results);
        self.add(group, "Streak", scores.streak);
        self.add(group, "Underdog", scores.underdog);
        self.add(group, "Overpowered", scores.overpowered);
    }

    fn experience<R: Results>(&mut self, mode: &str, xp: &Experience<R>) {
        let group = format!("{mode}_XP");
        self.results(&group, &xp.results);
        self.add(&group, "PerSecond", xp.per_second);
    }

    fn results(&mut self, group: &str, results: &impl Results) {
        for (name, value) in results.named() {
            self.add(group, &name, value);
        }
    }

    /// Adds values that are numbered from 0.
    fn list(&mut self, before: &str, after: &str, values: impl IntoIterator<Item = i32>) {
        let named = values.into_iter().enumerate().map(|(n, value)| (format!("{before}{n}{after}"), value));
        self.0.extend(named);
    }

    fn add(&mut self, group: &str, name: &str, value: i32) {
        self.0.push((format!("{group}_{name}"), value));
    }

    fn turned(self) -> Vec<(String, i32)> {
        let mut constants = self.0;
        let first = constants.iter().position(|(name, _)| name == FIRST).unwrap_or_default();
        constants.rotate_left(first);
        constants
    }
}
