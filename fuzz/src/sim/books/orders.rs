//! The model of the operator's commands, by their responses: the rules once more, in the simplest way.

use std::collections::BTreeMap;

use mmcos_core::{
    seam::Wall,
    settings::{Live, LiveSetting},
    wire::steam::SteamId,
};
use mmcos_game::{
    Mmcos, Settings,
    catalogue::EventName,
    ids::UserId,
    seasons::{Season, SeasonId},
    special_events::{ByHand, Plan},
};

use super::{Books, Undo, expect};
use crate::sim::{
    order::{Order, Whom},
    store::CommitSeq,
};

const HOUR: i64 = 3_600_000;

/// The state that the commands have led to.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    /// Bans with their ends; `None` for permanent ones.
    bans: BTreeMap<Whom, Option<Wall>>,
    settings: BTreeMap<&'static str, String>,
    /// The last special event that was started or (without a name) stopped, with start and end.
    event: Option<(Option<&'static str>, Wall, Wall)>,
    /// Accounts that the current server kicked, with the step.
    kicked: BTreeMap<UserId, u64>,
}

impl Orders {
    /// Forgets kicks: a restarted server knows none.
    pub(super) fn forget_kicks(&mut self) {
        self.kicked.clear();
    }

    fn is_banned(&self, whom: impl Fn(Whom) -> bool, now: Wall) -> bool {
        let holds = |until: &Option<Wall>| until.is_none_or(|until| now < until);
        self.bans.iter().any(|(banned, until)| whom(*banned) && holds(until))
    }
}

impl Books {
    /// Checks the status of a response to a command, and carries it out in the model.
    pub(in crate::sim) fn obey(
        &mut self,
        order: &Order,
        status: u16,
        plan: &Plan,
        (now, is_sure, step): (Wall, bool, u64),
        ticket: CommitSeq,
    ) -> Result<(), String> {
        let due = match order {
            Order::LiftBan(whom) if !self.orders.bans.contains_key(whom) => 404,
            Order::Kick(user) if !(1..=self.accounts.len()).contains(&(*user as usize)) => 404,
            // The match has ended by itself.
            Order::EndMatch(_) if status == 404 => 404,
            Order::Nonsense => 400,
            Order::BanAll => 409,
            Order::StartSeason(_) if self.refuses_season(order, now, is_sure) => 400,
            Order::StartSeason(season) if self.doubts_season(*season, now) => 409,
            // After too many attempts a client must wait.
            Order::Stranger(_) if status == 429 => 429,
            Order::Stranger(_) => 401,
            _ => 200,
        };
        expect("the status", &status, &due)?;
        if status != 200 {
            return Ok(());
        }
        match order {
            Order::EndMatch(session) => return self.end(*session, ticket),
            Order::StartSeason(season) => {
                self.start_season_early(*season, now, ticket);
                return Ok(());
            }
            _ => {}
        }
        self.note(ticket, |books| Undo::Orders(Box::new(books.orders.clone())));
        self.carry_out(order, plan, now, step);
        Ok(())
    }

    /// Returns true if a season must not begin: it is not the next, there is none to end, or the clock has jumped. A
    /// season from the future may get the right number.
    fn refuses_season(&self, order: &Order, now: Wall, is_sure: bool) -> bool {
        let (Order::StartSeason(wanted), Some(season)) = (order, self.season) else { return true };
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

    /// Returns the number of the season by the calendar.
    pub(in crate::sim) fn right_season(&self, now: Wall) -> i32 {
        Season::at(now).id.0 + self.early
    }

    /// Begins a season before its time, unless it has begun already; or gives one from the future its right number.
    fn start_season_early(&mut self, wanted: i32, now: Wall, ticket: CommitSeq) {
        let Some(season) = self.season.filter(|season| season.id.0 != wanted) else { return };
        if now < season.starts {
            self.note(ticket, |books| Undo::Season(books.season, books.early, books.accounts.clone()));
            self.season = Some(Season { id: SeasonId(wanted), ..Season::at(now) });
            self.accounts.iter_mut().for_each(|account| account.season = wanted);
            return;
        }
        let season = Season { id: SeasonId(wanted), starts: now, ..season };
        self.begin_season(season, self.early + 1, ticket);
    }

    fn carry_out(&mut self, order: &Order, plan: &Plan, now: Wall, step: u64) {
        let later = |hours: u32| Wall::from_millis(now.as_millis() + i64::from(hours) * HOUR);
        let Orders { bans, settings, event, kicked } = &mut self.orders;
        match order {
            Order::Ban(whom, hours) => drop(bans.insert(*whom, hours.map(later))),
            Order::LiftBan(whom) => drop(bans.remove(whom)),
            Order::Kick(user) => drop(kicked.insert(UserId(*user), step)),
            Order::Set(name, value) => drop(settings.insert(name, value.clone())),
            Order::Reset(name) => drop(settings.remove(name)),
            Order::StartEvent { name, hours } => *event = Some((Some(*name), now, later(*hours))),
            // Stopping does not bring back one that was planned.
            Order::StopEvent => *event = Some((None, now, plan.at(now).map_or(now, |run| run.ends))),
            _ => {}
        }
    }

    /// Returns true if this player is banned now.
    pub(in crate::sim) fn is_banned(&self, player: SteamId, now: Wall) -> bool {
        self.orders.is_banned(|whom| whom == Whom::Player(player), now)
    }

    /// Returns true if this address is banned now.
    pub(in crate::sim) fn is_barred(&self, address: std::net::Ipv4Addr, now: Wall) -> bool {
        self.orders.is_banned(|whom| whom.has_address(address), now)
    }

    /// Returns true if a session that began at this step has been ended since.
    pub(in crate::sim) fn is_kicked(&self, player: SteamId, began: u64) -> bool {
        let kicked = &self.orders.kicked;
        !kicked.is_empty()
            && self.user(player).and_then(|user| kicked.get(&user)).is_some_and(|kicked| began <= *kicked)
    }

    /// Returns all bans that were not lifted.
    pub(in crate::sim) fn bans(&self) -> impl ExactSizeIterator<Item = Whom> {
        self.orders.bans.keys().copied()
    }

    /// Returns the number of active bans.
    pub(in crate::sim) fn bans_that_hold(&self, now: Wall) -> usize {
        self.orders.bans.values().filter(|until| until.is_none_or(|until| now < until)).count()
    }

    pub(in crate::sim) fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Returns the value that was set.
    pub(in crate::sim) fn setting(&self, name: &str) -> Option<&str> {
        self.orders.settings.get(name).map(String::as_str)
    }

    /// Returns true if the server is closed for maintenance.
    pub(in crate::sim) fn is_closed(&self, configured: bool) -> bool {
        self.setting("maintenance").map_or(configured, |value| value == "true")
    }

    /// Returns the number of the current special event.
    pub(in crate::sim) fn event(&self, plan: &Plan, now: Wall) -> u32 {
        let by_hand = self.orders.event.filter(|(_, from, until)| *from <= now && now < *until);
        let name = match by_hand {
            Some((name, ..)) => name,
            None => plan.at(now).map(|run| run.event.as_str()),
        };
        let number = (1..).zip(EventName::all()).find(|(_, event)| Some(event.as_str()) == name);
        number.map_or(0, |(number, _)| number)
    }

    /// Compares a server's bans, settings and special event with the model.
    pub(in crate::sim) fn compare_orders(
        &self,
        service: &Mmcos,
        configured: &Settings,
    ) -> Result<(), String> {
        let bans: BTreeMap<String, Option<Wall>> =
            service.bans().iter().map(|ban| (ban.subject.to_string(), ban.until)).collect();
        let expected = self.orders.bans.iter().map(|(whom, until)| (whom.to_string(), *until)).collect();
        expect("bans", &bans, &expected)?;
        for LiveSetting { name, configured, .. } in Live::new(configured.clone()).rows() {
            let expected = self.setting(&name).map_or(configured, str::to_owned);
            let found = service.settings().rows().find(|row| row.name == name).map(|row| row.value);
            expect(&name, &found, &Some(expected))?;
        }
        let event = service.events().by_hand();
        let event = event.map(|ByHand { event, from, until }| (event.map(EventName::as_str), from, until));
        expect("the event by hand", &event, &self.orders.event)
    }
}
