//! Dispatch of requests to functions, and their responses.

use alloc::string::{String, ToString};
use alloc::{collections::BTreeMap, vec::Vec};
use core::{str, time::Duration};

use mmcos_core::admin::{Desk, DeskOutcome, Kind};
use mmcos_core::engine::{Body, Exchange, Peer, Response};
use mmcos_core::game::Life;
use mmcos_core::seam::{Storage, Wall};
use mmcos_core::service::{Context, Service};
use mmcos_core::wire::egonet::{self, Value};
use mmcos_core::wire::http::{Method, Request, Status};

use crate::accounts::{Accounts, SESSION};
use crate::garage::{self, Fitting};
use crate::shapes::{Shape, dict};
use crate::{AccountId, BoardId, ChallengeId, LogEvent, Record, Refusal, RestoreError, Settings};
use crate::{boards::Board, career, host::INFO, stages::Attempt, startup};

/// Context of a call.
pub(crate) type Cx<'a> = Context<'a, Dr2>;
/// Outcome of a function.
pub(crate) type Outcome = Result<Shape, Refusal>;
/// Outcome of a function, and the session that a login begins.
pub(crate) type LoginOutcome = Result<(Shape, Option<String>), Refusal>;

/// Path of every request: its project, its catalogue, its platform. (*seen*)
pub(crate) const PATH: &str = "/RP17/";
/// The catalogue, which every response names. (*said*)
const CATALOGUE: &str = "1.18.0";
/// Longest name of a function in the log, in bytes.
const LONGEST_NAME: usize = 64;
/// The text for a browser.
const ABOUT: &[u8] = b"This is a server for DiRT Rally 2.0. It is for the game, not for a browser.\n";

/// A server of *`DiRT` Rally 2.0*.
#[derive(Debug)]
pub struct Dr2 {
    pub(crate) settings: Settings,
    pub(crate) life: Life,
    pub(crate) desk: Desk,
    pub(crate) accounts: Accounts,
    pub(crate) boards: BTreeMap<BoardId, Board>,
    pub(crate) attempts: BTreeMap<(ChallengeId, AccountId), Attempt>,
    pub(crate) garage: BTreeMap<(AccountId, i64), Fitting>,
    /// The leaderboard of time trials that each player's game requested last.
    pub(crate) trials: BTreeMap<AccountId, BoardId>,
    /// Number of each player's times on leaderboards.
    pub(crate) kept: BTreeMap<AccountId, usize>,
    pub(crate) latest: Option<Wall>,
}

impl Dr2 {
    fn call(&mut self, cx: &mut Cx<'_>, request: &Request<'_>, peer: Peer, function: &str) -> LoginOutcome {
        if is_write(function) && matches!(cx.storage(), Storage::Unavailable(_)) {
            return Err(Refusal::Storage);
        }
        if function == "Login.Login" {
            return self.log_in(cx, request);
        }
        if let Some(response) = startup::without_session(function) {
            return Ok((response, None));
        }
        let account = self.accounts.of(request, &self.life.key).ok_or(Refusal::NoSession)?;
        let now = cx.now().wall;
        let body = || decode(request);
        let response = match function {
            "Status.GetNextStatusEvent" => return Err(Refusal::NoStatusEvent),
            "Clubs.GetClubs" => self.clubs(account, now),
            "Clubs.GetChampionshipLeaderboard" | "Clubs.GetChampionshipFriendsLeaderboard" => {
                self.standings(account, &body()?, now)?
            }
            "RaceNetChallenges.StageBegin" => self.stage_begin(cx, account, &body()?)?,
            "RaceNetChallenges.StageComplete" => self.stage_complete(cx, account, &body()?)?,
            // On a server of friends, everyone is a friend. (*ours*; the request is unknown.)
            "RaceNetLeaderboard.GetLeaderboardEntries" | "RaceNetLeaderboard.GetFriendsEntries" => {
                self.leaderboard(account, &body()?, now)?
            }
            "TimeTrial.GetLeaderboardId" => self.trial_board(account, &body()?)?,
            "TimeTrial.PostTime" => self.post_time(cx, account, &body()?)?,
            "RaceNetInventory.GetInventory" => self.inventory(account),
            "RaceNetInventory.GetStore" => self.store(),
            "Staff.GetStaff" => garage::staff(),
            "Repairs.ComputeRepairCost" => garage::repair_costs(),
            "Repairs.GetUpgradeTuningPrices" => garage::prices(),
            "Repairs.PerformRepairs" => garage::repaired(),
            "Repairs.SetLivery" => self.fit(cx, account, &body()?, true)?,
            "Repairs.FitTuning" => self.fit(cx, account, &body()?, false)?,
            other => {
                let career = || career::respond(other.strip_prefix("RaceNetCareerLadder.")?, now);
                startup::respond(other).or_else(career).unwrap_or_else(|| {
                    let (function, bytes) = (shown(other.as_bytes()), request.body().len());
                    cx.log(LogEvent::Unknown { peer: peer.address, function, bytes });
                    // For a result of 1 the game shows "connection failed". (*works*)
                    dict! {}
                })
            }
        };
        Ok((response, None))
    }
}

/// Returns true if a function changes durable state.
fn is_write(function: &str) -> bool {
    let of_stages = ["RaceNetChallenges.StageBegin", "RaceNetChallenges.StageComplete"];
    let others = ["Login.Login", "TimeTrial.PostTime", "Repairs.SetLivery", "Repairs.FitTuning"];
    of_stages.contains(&function) || others.contains(&function)
}

/// Decodes the body of a request.
pub(crate) fn decode<'r>(request: &Request<'r>) -> Result<Value<'r>, Refusal> {
    Ok(egonet::decode_with_any_text(request.body(), &egonet::Limits::default())?)
}

/// Returns the start of a text for the log.
fn shown(text: &[u8]) -> String {
    text.get(..LONGEST_NAME).unwrap_or(text).escape_ascii().to_string()
}

impl Service for Dr2 {
    type Record = Record;
    type Event = LogEvent;
    type Timer = ();
    type RestoreError = RestoreError;

    fn request(&mut self, cx: &mut Cx<'_>, request: &Request<'_>, peer: Peer, exchange: Exchange) {
        let exchange = match self.desk.request(cx, request, peer, exchange, None) {
            DeskOutcome::Responded => return,
            DeskOutcome::Refused(why) => {
                let (peer, function) = (peer.address, "/metrics".into());
                return cx.log(LogEvent::Refused { peer, function, why: why.into() });
            }
            DeskOutcome::Metrics(exchange, mut metrics) => {
                metrics.family("accounts", Kind::Gauge, "Accounts.").sample(&[], self.accounts.rows.len());
                return metrics.send(cx, exchange);
            }
            DeskOutcome::Game(exchange) => exchange,
            DeskOutcome::Admin(exchange) => {
                return cx.respond(exchange, &Response::text(Status::NOT_FOUND, b"Only metrics are here.\n"));
            }
        };
        if !request.path().starts_with(PATH) {
            let found = request.path() == INFO.probe.path;
            let status = if found { Status::OK } else { Status::NOT_FOUND };
            let fields = [("X-Dr2", INFO.version)];
            let text = Response::text(status, ABOUT);
            return cx.respond(exchange, &Response { fields: &fields, ..text });
        }
        if request.method() != Method::Post {
            let fields = [("Allow", "POST")];
            let response = Response::text(Status::METHOD_NOT_ALLOWED, b"The game posts here.\n");
            return cx.respond(exchange, &Response { fields: &fields, ..response });
        }
        let name = request.field("X-EgoNet-Function").unwrap_or_default();
        let function = str::from_utf8(name).ok().filter(|name| !name.is_empty());
        let function = function.ok_or(Refusal::NoFunction);
        let reply = function.and_then(|function| self.call(cx, request, peer, function));
        let (status, result) = match &reply {
            Ok(_) => (Status::OK, "0"),
            Err(Refusal::Storage) => (Status::SERVICE_UNAVAILABLE, "1"),
            Err(_) => (Status::OK, "1"),
        };
        let (mut bytes, mut session) = (Vec::new(), None);
        match reply {
            Ok((response, begun)) => {
                session = begun;
                let encoded = egonet::encode(&response.into(), &mut bytes);
                debug_assert!(encoded.is_ok(), "{encoded:?}");
            }
            Err(Refusal::NoStatusEvent) => {}
            Err(why) => cx.log(LogEvent::Refused { peer: peer.address, function: shown(name), why }),
        }
        let mut fields = Vec::from([("X-EgoNet-Result", result), ("X-EgoNet-Catalogue-Version", CATALOGUE)]);
        fields.extend(session.iter().map(|session| (SESSION, session.as_str())));
        let (content_type, body) = (Some("text/html"), Body::from(bytes.as_slice()));
        cx.respond(exchange, &Response { status, content_type, fields: &fields, body, ..Response::empty() });
    }

    fn restore(&mut self, record: Record) -> Result<(), RestoreError> {
        let (owner, at) = match &record {
            Record::Account(account) => (None, Some(account.logged_in)),
            Record::Time(time) => (Some(time.account), Some(time.at)),
            Record::Attempt(attempt) => (Some(attempt.account), None),
            Record::Fitting(fitting) => (Some(fitting.account), None),
        };
        if let Some(owner) = owner.filter(|owner| !self.accounts.rows.contains_key(owner)) {
            return Err(RestoreError { account: owner.0 });
        }
        match record {
            Record::Account(account) => self.accounts.put(account),
            Record::Time(time) => self.put_time(time),
            Record::Attempt(row) => drop(self.attempts.insert((row.challenge, row.account), row)),
            Record::Fitting(fitting) => drop(self.garage.insert((fitting.account, fitting.vehicle), fitting)),
        }
        self.latest = self.latest.max(at);
        Ok(())
    }

    fn committed(&mut self, _: &mut Cx<'_>, took: Duration) {
        self.desk.committed(took);
    }

    fn last_record(&self) -> Option<Wall> {
        self.latest
    }
}
