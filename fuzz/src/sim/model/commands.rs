//! The model of the operator's commands, by their responses: the rules once more, in the simplest way.

use std::collections::BTreeMap;

use mmcos_core::{
    game::Game as _,
    seam::Wall,
    settings::{Live, LiveSetting},
    wire::steam::SteamId,
};
use mmcos_game::{
    Mmcos, Record, Settings,
    catalogue::EventName,
    ids::UserId,
    seasons::{Season, SeasonId},
    special_events::{ByHand, Plan},
};

use super::{Model, Undo, expect};
use crate::sim::{
    operator::{Command, Subject},
    store::CommitSeq,
};

const HOUR: i64 = 3_600_000;

/// The state that the commands have led to.
#[derive(Clone, Debug, Default)]
pub(super) struct CommandState {
    /// Bans with their ends; `None` for permanent ones.
    bans: BTreeMap<Subject, Option<Wall>>,
    settings: BTreeMap<&'static str, String>,
    /// The last special event that was started or (without a name) stopped, with start and end.
    event: Option<(Option<&'static str>, Wall, Wall)>,
    /// Planned special events by number, with start and end.
    plans: BTreeMap<u32, (&'static str, Wall, Wall)>,
    /// Accounts that the current server kicked, with the step.
    pub(super) kicked: BTreeMap<UserId, u64>,
}

impl CommandState {
    fn is_banned(&self, subject: impl Fn(Subject) -> bool, now: Wall) -> bool {
        let holds = |until: &Option<Wall>| until.is_none_or(|until| now < until);
        self.bans.iter().any(|(banned, until)| subject(*banned) && holds(until))
    }
}

impl Model {
    /// Checks the status of a response to a command, and carries it out in the model.
    pub(crate) fn apply_command(
        &mut self,
        command: &Command,
        status: u16,
        plan: &Plan,
        (now, is_sure, step): (Wall, bool, u64),
        seq: CommitSeq,
    ) -> Result<(), String> {
        let due = match command {
            Command::LiftBan(subject) if !self.commands.bans.contains_key(subject) => 404,
            Command::Kick(user) if !(1..=self.accounts.len()).contains(&(*user as usize)) => 404,
            // The match has ended by itself.
            Command::EndMatch(_) if status == 404 => 404,
            Command::RemovePlan(number) if !self.commands.plans.contains_key(number) => 404,
            Command::PlanEvent { from, until, .. } if *until <= now.max(*from) => 400,
            Command::Nonsense => 400,
            Command::BanAll => 409,
            Command::StartSeason(_) if self.refuses_season(command, now, is_sure) => 400,
            Command::StartSeason(season) if self.doubts_season(*season, now) => 409,
            Command::UndoSeason(season, _) if self.refuses_undo(*season, now, is_sure) => 400,
            Command::UndoSeason(season, false) if self.would_drop_points(*season) => 409,
            // After too many attempts a client must wait.
            Command::Stranger(_) if status == 429 => 429,
            Command::Stranger(_) => 401,
            Command::Elsewhere(_) => 404,
            _ => 200,
        };
        expect("the status", &status, &due)?;
        if status != 200 {
            return Ok(());
        }
        match command {
            Command::EndMatch(session) => return self.end(*session, seq),
            Command::StartSeason(season) => {
                self.start_season_early(*season, now, seq);
                return Ok(());
            }
            Command::UndoSeason(season, _) => {
                self.undo_season(*season, seq);
                return Ok(());
            }
            _ => {}
        }
        self.note(seq, |model| Undo::Commands(Box::new(model.commands.clone())));
        self.carry_out(command, plan, now, step);
        Ok(())
    }

    /// Returns true if a season must not begin: it is not the next, there is none to end, or the clock has jumped. A
    /// season from the future may get the right number.
    fn refuses_season(&self, command: &Command, now: Wall, is_sure: bool) -> bool {
        let (Command::StartSeason(wanted), Some(season)) = (command, self.season) else { return true };
        if *wanted == season.id.0 {
            return false;
        }
        if !is_sure || now < season.starts {
            return !is_sure || *wanted != self.right_season(now);
        }
        !(*wanted == season.id.0 + 1 && now < season.inactive_from)
    }

    /// Returns true if a season would end that began less than an hour ago, which needs a confirmation.
    fn doubts_season(&self, wanted: i32, now: Wall) -> bool {
        let season = self.season.filter(|season| season.id.0 < wanted);
        season.is_some_and(|season| now.as_millis() - season.starts.as_millis() < HOUR)
    }

    /// Returns true if the last change of season must not be undone: it was not an operator's, is a day old, or led
    /// from another season.
    fn refuses_undo(&self, wanted: i32, now: Wall, is_sure: bool) -> bool {
        let Some(season) = self.season.filter(|season| season.id.0 != wanted) else { return false };
        let age = now.as_millis() - season.starts.as_millis();
        let is_before = self.before.is_some_and(|before| before.id.0 == wanted);
        !(is_sure && is_before && (0..24 * HOUR).contains(&age))
    }

    /// Returns true if players have other points than at the start of the season that would be undone.
    fn would_drop_points(&self, wanted: i32) -> bool {
        self.season() != wanted && self.accounts.iter().any(|account| account.points != account.bonus)
    }

    /// Returns true if the current season was begun early.
    pub(crate) fn is_early(&self) -> bool {
        self.before.is_some()
    }

    /// Returns the number of the season by the calendar.
    pub(crate) fn right_season(&self, now: Wall) -> i32 {
        Season::at(now).id.0 + self.early
    }

    /// Begins a season before its time, unless it has begun already; or gives one from the future its right number.
    fn start_season_early(&mut self, wanted: i32, now: Wall, seq: CommitSeq) {
        let Some(season) = self.season.filter(|season| season.id.0 != wanted) else { return };
        if now < season.starts {
            self.note_season(seq);
            (self.season, self.before) = (Some(Season { id: SeasonId(wanted), ..Season::at(now) }), None);
            self.accounts.iter_mut().for_each(|account| (account.season, account.ended) = (wanted, None));
            return;
        }
        let season = Season { id: SeasonId(wanted), starts: now, ..season };
        self.begin_season(season, self.early + 1, seq);
    }

    /// Continues the season before the one that was begun early, with the standings from before.
    fn undo_season(&mut self, wanted: i32, seq: CommitSeq) {
        if self.season() == wanted {
            return;
        }
        self.note_season(seq);
        self.season = self.before.take();
        self.early -= 1;
        for account in &mut self.accounts {
            (account.points, account.division, account.bonus) = account.ended.take().unwrap_or_default();
            account.season = wanted;
        }
        self.rank_anew();
    }

    fn carry_out(&mut self, command: &Command, plan: &Plan, now: Wall, step: u64) {
        let later = |hours: u32| Wall::from_millis(now.as_millis() + i64::from(hours) * HOUR);
        let CommandState { bans, settings, event, plans, kicked } = &mut self.commands;
        match command {
            Command::Ban(subject, hours) => drop(bans.insert(*subject, hours.map(later))),
            Command::LiftBan(subject) => drop(bans.remove(subject)),
            Command::Kick(user) => drop(kicked.insert(UserId(*user), step)),
            Command::Set(name, value) => drop(settings.insert(name, value.clone())),
            Command::Reset(name) => drop(settings.remove(name)),
            Command::StartEvent { name, hours } => *event = Some((Some(*name), now, later(*hours))),
            // Stopping does not bring back one that was planned.
            Command::StopEvent => {
                let planned = plans.values().filter(|(_, from, until)| *from <= now && now < *until);
                let ends = planned.map(|(.., until)| *until).chain(plan.at(now).map(|run| run.ends));
                *event = Some((None, now, ends.max().unwrap_or(now)));
            }
            Command::PlanEvent { name, from, until } => {
                plans.retain(|_, (.., until)| now < *until);
                let number = plans.keys().max().map_or(1, |last| last + 1);
                plans.insert(number, (*name, now.max(*from), *until));
            }
            Command::RemovePlan(number) => drop(plans.remove(number)),
            _ => {}
        }
    }

    /// Returns true if this player is banned now.
    pub(crate) fn is_banned(&self, player: SteamId, now: Wall) -> bool {
        self.commands.is_banned(|subject| subject == Subject::Player(player), now)
    }

    /// Returns true if this address is banned now.
    pub(crate) fn is_barred(&self, address: std::net::Ipv4Addr, now: Wall) -> bool {
        self.commands.is_banned(|subject| subject.has_address(address), now)
    }

    /// Returns true if a session that began at this step has been ended since.
    pub(crate) fn is_kicked(&self, player: SteamId, began: u64) -> bool {
        let kicked = &self.commands.kicked;
        !kicked.is_empty()
            && self.user(player).and_then(|user| kicked.get(&user)).is_some_and(|kicked| began <= *kicked)
    }

    /// Returns all bans that were not lifted.
    pub(crate) fn bans(&self) -> impl ExactSizeIterator<Item = Subject> {
        self.commands.bans.keys().copied()
    }

    /// Returns the number of active bans.
    pub(crate) fn bans_that_hold(&self, now: Wall) -> usize {
        self.commands.bans.values().filter(|until| until.is_none_or(|until| now < until)).count()
    }

    pub(crate) fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Returns the value that was set.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.commands.settings.get(name).map(String::as_str)
    }

    /// Returns true if the server is closed for maintenance.
    pub(crate) fn is_closed(&self, configured: bool) -> bool {
        self.setting("maintenance").map_or(configured, |value| value == "true")
    }

    /// Returns the numbers of all plans.
    pub(crate) fn plans(&self) -> Vec<u32> {
        self.commands.plans.keys().copied().collect()
    }

    /// Returns the number of the latest plan.
    pub(crate) fn last_plan(&self) -> u32 {
        self.commands.plans.keys().copied().max().unwrap_or_default()
    }

    /// Returns the number of the current special event: of those planned and by hand the one that began last, or else
    /// that of the setting.
    pub(crate) fn event(&self, plan: &Plan, now: Wall) -> u32 {
        let CommandState { plans, event, .. } = &self.commands;
        let mut name = plan.at(now).map(|run| run.event.as_str());
        let mut began = Wall::from_millis(i64::MIN);
        for (event, from, until) in
            plans.values().map(|(name, from, until)| (Some(*name), *from, *until)).chain(*event)
        {
            if began <= from && from <= now && now < until {
                (name, began) = (event, from);
            }
        }
        let number = (1..).zip(EventName::all()).find(|(_, event)| Some(event.as_str()) == name);
        number.map_or(0, |(number, _)| number)
    }

    /// Compares a server's bans, settings, plans and special event with the model.
    pub(crate) fn compare_commands(&self, service: &Mmcos, configured: &Settings) -> Result<(), String> {
        let bans: BTreeMap<String, Option<Wall>> =
            service.bans().iter().map(|ban| (ban.subject.to_string(), ban.until)).collect();
        let expected =
            self.commands.bans.iter().map(|(subject, until)| (subject.to_string(), *until)).collect();
        expect("bans", &bans, &expected)?;
        for LiveSetting { name, configured, .. } in Live::new(configured.clone()).rows() {
            let expected = self.setting(&name).map_or(configured, str::to_owned);
            let found = service.settings().rows().find(|row| row.name == name).map(|row| row.value);
            expect(&name, &found, &Some(expected))?;
        }
        let event = service.events().by_hand;
        let event = event.map(|ByHand { event, from, until }| (event.map(EventName::as_str), from, until));
        expect("the event by hand", &event, &self.commands.event)?;
        let plans = service.rows().filter_map(|record| match record {
            Record::Plan(plan) => Some((plan.number, (plan.event?.as_str(), plan.from, plan.until))),
            _ => None,
        });
        expect("the plans", &plans.collect(), &self.commands.plans)
    }
}
