//! Commands of an operator.

use alloc::{
    format,
    string::{String, ToString},
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::endpoints::Endpoint;
use crate::{
    LogEvent, Mmcos, Record,
    catalogue::{EventName, UnknownEvent},
    ids::{MatchId, UserId},
    moderation::{Ban, Subject, SubjectError},
    seasons::SeasonId,
    services::response::RETRY_AFTER,
    special_events::ByHand,
};
use mmcos_core::{
    admin::{Access, AdminResponse, Caller, OperatorError, Refusal},
    calendar::UtcText,
    engine::Peer,
    seam::{Monotonic, Storage, Wall},
    service::Context,
    settings::SettingsError,
    wire::http::{Request, Status},
};

/// Bytes of the longest text about a ban.
const LONGEST_TEXT: usize = 500;
/// Hours of the longest special event that an operator can start.
const MAX_EVENT_HOURS: u32 = 24 * 60;

/// Body of `PUT /api/v1/settings/{name}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    value: String,
}

/// Body of `POST /api/v1/bans`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBan {
    /// A SteamID64, an address, or a range that begins at its first address, such as 203.0.113.0/24.
    subject: String,
    /// Duration, in hours. Without it the ban is permanent.
    hours: Option<u32>,
    /// Reason, which the player reads. At most 500 bytes.
    #[serde(default)]
    reason: String,
    /// Note for operators. At most 500 bytes.
    #[serde(default)]
    note: String,
    /// Confirmation. Needed for a range of /8 or wider (IPv6: /24), of this machine, or of your own address.
    #[serde(default)]
    confirm: bool,
}

/// Body of `POST /api/v1/bans/lift`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LiftBan {
    /// The `subject` of a ban.
    subject: String,
}

/// Body of `POST /api/v1/event/start`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartEvent {
    /// One of the names at `/api/v1/events`, which `mmcos admin events` lists.
    event: String,
    /// Duration, in hours.
    #[schemars(range(min = 1, max = MAX_EVENT_HOURS))]
    hours: u32,
}

/// A command that was carried out.
#[derive(Debug)]
pub(super) struct Deed {
    /// Description, such as `kicked player 7`.
    pub(super) text: String,
    /// Player that it is about.
    pub(super) about: Option<UserId>,
    /// State before it, if it changed one.
    pub(super) before: Option<String>,
    /// State after it, if it changed one.
    pub(super) after: Option<String>,
    pub(super) response: AdminResponse,
}

impl Deed {
    /// Returns a deed whose response has no data.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), about: None, before: None, after: None, response: AdminResponse::done() }
    }

    /// Sets the player that it is about.
    pub(super) fn about(self, about: Option<UserId>) -> Self {
        Self { about, ..self }
    }

    /// Sets the state before and after.
    pub(super) fn changing(self, before: Option<String>, after: Option<String>) -> Self {
        Self { before, after, ..self }
    }

    /// Sets the season before and after.
    pub(super) fn changing_season(self, before: SeasonId, after: SeasonId) -> Self {
        let [before, after] = [before, after].map(|season| Some(format!("season {}", season.0)));
        self.changing(before, after)
    }

    /// Replaces the response.
    pub(super) fn with_response(self, response: AdminResponse) -> Self {
        Self { response, ..self }
    }
}

/// Reason why a command is not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("the body must be JSON of the form that /api/v1/openapi.json shows: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Setting(#[from] SettingsError),
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error(transparent)]
    Event(#[from] UnknownEvent),
    #[error("the season ended at {0}; the next one begins by itself at {1}")]
    NoSeason(UtcText, UtcText),
    #[error(
        "season {season} begins only at {starts} by this machine's clock. If the clock is right now, it was ahead when \
         the season began. To renumber it to season {right} and keep all points, begin season {right}. To undo its \
         beginning, stop the server and run `mmcos restore` with the copy that was made before it: \
         seasons/before-season-{season}.db in the data directory"
    )]
    SeasonAhead { season: i32, starts: UtcText, right: i32 },
    #[error(
        "this machine's clock has jumped and may be wrong, so no season can begin or be undone: check its date and \
         time. Try again once the clock is right, or has run evenly for long enough"
    )]
    ClockInDoubt,
    #[error("`season` must be {}, the number of the next season", .0.0)]
    NotNext(SeasonId),
    #[error("`season` must be {}, the number of the season that is to go on", .0.0)]
    NotBefore(SeasonId),
    #[error(
        "season {season} cannot be undone: only a season that was begun early can, for a day. To get back the points \
         from before it, stop the server and run `mmcos restore` with the copy that was made then, if there is one: \
         seasons/before-season-{season}.db in the data directory. Everything that came later is lost", season = .0.0
    )]
    NotUndoable(SeasonId),
    #[error("{0} must be {1}")]
    Value(&'static str, &'static str),
    #[error("{0}: send it again with `\"confirm\": true` if you mean it")]
    Unconfirmed(String),
    #[error("{0}")]
    Busy(String),
    #[error("there is no such {0}")]
    Unknown(&'static str),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Mmcos {
    /// Carries out a command, and logs it.
    pub(super) fn carry_out(
        &mut self,
        cx: &mut Context<'_, Self>,
        command: Endpoint<'_>,
        path: &str,
        access: Access,
        request: &Request<'_>,
        peer: Peer,
    ) -> AdminResponse {
        let body = request.body();
        if let Storage::Unavailable(trouble) = cx.storage()
            && may_record(command)
        {
            self.operator.counts.rejected_for_storage();
            let text =
                format!("this cannot be saved at the moment, since {trouble}: try again in a few seconds");
            let (name, seconds) = RETRY_AFTER;
            return AdminResponse::error(Status::SERVICE_UNAVAILABLE, &text).with(name, seconds);
        }
        let done = match (command, access) {
            (Endpoint::LogIn, _) => self.log_in(cx, request, peer),
            (Endpoint::LogOut, access) => {
                let now = cx.now().monotonic;
                let gate = self.operator.desk.gate();
                let cookie = gate.map(|gate| gate.log_out(request, peer, now)).unwrap_or_default();
                self.end_unproved(cx);
                let response = AdminResponse::done().with("Set-Cookie", &cookie);
                match access {
                    Access::Operator(caller) => {
                        Ok((caller.name, Deed::new("logged out").with_response(response)))
                    }
                    Access::Public => return response,
                }
            }
            (Endpoint::OpenLink(link), _) => match self.open_link(cx, link, request, peer) {
                Ok(opened) => Ok(opened),
                Err(response) => return response,
            },
            (command, Access::Operator(caller)) => {
                let done = self.carry_out_for(cx, command, &caller, body, peer);
                done.map(|deed| (caller.name, deed))
            }
            (_, Access::Public) => Err(Refusal::ProofNeeded.into()),
        };
        match done {
            Ok((operator, deed)) => self.conclude(cx, (request, path), operator, peer, deed),
            Err(error) => rejected(&error),
        }
    }

    fn carry_out_for(
        &mut self,
        cx: &mut Context<'_, Self>,
        command: Endpoint<'_>,
        caller: &Caller,
        body: &[u8],
        peer: Peer,
    ) -> Result<Deed, CommandError> {
        match command {
            Endpoint::MakeLink => Ok(self.make_link(cx, caller, peer)),
            Endpoint::PutOperator(name) => self.put_operator(cx, name, body),
            Endpoint::RenewPassword(name) => self.renew_password(cx, name),
            Endpoint::RemoveOperator(name) => self.remove_operator(cx, name),
            Endpoint::EndSession(number) => self.end_admin_session(cx, number),
            Endpoint::Set(name) => self.set(cx, name, body),
            Endpoint::Reset(name) => self.reset(cx, name),
            Endpoint::Kick(user) => self.kick(cx, user, body),
            Endpoint::EndMatch(session) => self.end_match(cx, session),
            Endpoint::Reunite(pair) => self.reunite(cx, pair),
            Endpoint::Ban => self.start_ban(cx, body, peer),
            Endpoint::LiftBan => self.lift_ban(cx, body),
            Endpoint::StartSeason => self.start_season(cx, body),
            Endpoint::UndoSeason => self.undo_season(cx, body),
            Endpoint::StartEvent => self.start_event(cx, body),
            Endpoint::StopEvent => {
                let before = self.event_now(cx);
                let by_hand = self.events().stop(cx.now().wall);
                self.game_configuration.intervene(cx, by_hand);
                Ok(Deed::new("stopped the event").changing(before, None))
            }
            Endpoint::AdjustPoints(user) => self.adjust_points(cx, user, caller, body),
            Endpoint::AddPlan => self.add_plan(cx, body),
            Endpoint::RemovePlan(number) => self.remove_plan(cx, number),
            Endpoint::Rename(user) => self.rename(cx, user, body),
            Endpoint::Retitle(user) => self.retitle(cx, user, body),
            Endpoint::Backup => Ok(Deed::new("copied the store")),
            Endpoint::Merge(user) => self.merge(cx, user, caller, body),
            Endpoint::DeletePlayer(user) => self.delete_player(cx, user, body),
            Endpoint::Asset(_)
            | Endpoint::PlayerData(_)
            | Endpoint::Description
            | Endpoint::Session
            | Endpoint::LogIn
            | Endpoint::LogOut
            | Endpoint::OpenLink(_)
            | Endpoint::Operators
            | Endpoint::Sessions
            | Endpoint::Audit
            | Endpoint::State
            | Endpoint::Live
            | Endpoint::History
            | Endpoint::Checklist
            | Endpoint::Players
            | Endpoint::PlayerDetails(_)
            | Endpoint::Matches
            | Endpoint::Results
            | Endpoint::Log
            | Endpoint::Bans
            | Endpoint::Events
            | Endpoint::Plans
            | Endpoint::Settings => Err(CommandError::Unknown("command")),
        }
    }

    /// Returns the name of the special event that is on.
    fn event_now(&self, cx: &Context<'_, Self>) -> Option<String> {
        self.events().at(cx.now().wall).map(|run| run.event.as_str().into())
    }

    /// Returns the value of a live setting.
    fn setting(&self, name: &str) -> Option<String> {
        self.settings.rows().find(|row| row.name == name).map(|row| row.value)
    }

    fn set(&mut self, cx: &mut Context<'_, Self>, name: &str, body: &[u8]) -> Result<Deed, CommandError> {
        let Set { value } = serde_json::from_slice(body)?;
        let before = self.setting(name);
        self.settings.set(name, &value)?;
        self.settings_changed(cx);
        let deed = format!("set {name} to \"{value}\"");
        let after = value.clone();
        cx.record(Record::Setting { name: name.into(), value: Some(value) });
        Ok(Deed::new(deed).changing(before, Some(after)))
    }

    fn reset(&mut self, cx: &mut Context<'_, Self>, name: &str) -> Result<Deed, CommandError> {
        let before = self.setting(name);
        self.settings.reset(name)?;
        self.settings_changed(cx);
        cx.record(Record::Setting { name: name.into(), value: None });
        let deed = Deed::new(format!("let the configuration say what {name} is"));
        Ok(deed.changing(before, self.setting(name)))
    }

    /// Restores a setting that an operator changed.
    pub(crate) fn restore_setting(&mut self, name: &str, value: Option<&str>) {
        // A setting that this version does not know or would not accept any more has no effect.
        let restored = match value {
            Some(value) => self.settings.set(name, value),
            None => self.settings.reset(name),
        };
        if restored.is_ok() {
            self.matchmaking.configure(Monotonic::default(), &self.settings.matchmaker());
            self.game_configuration.changed();
        }
    }

    pub(super) fn settings_changed(&mut self, cx: &mut Context<'_, Self>) {
        self.filled_message = None;
        self.follow_nights(cx);
        self.configure_matchmaker(cx);
        self.game_configuration.changed();
    }

    fn end_match(&mut self, cx: &mut Context<'_, Self>, session: &str) -> Result<Deed, CommandError> {
        let number = session.parse().map_err(|_| CommandError::Unknown("match"))?;
        let is_closed = self.matchmaking.close(cx, MatchId(number));
        let deed = || Deed::new(format!("ended match {number}"));
        is_closed.then(deed).ok_or(CommandError::Unknown("match"))
    }

    fn reunite(&mut self, cx: &Context<'_, Self>, pair: &str) -> Result<Deed, CommandError> {
        let user = |text: &str| text.parse().map(UserId).ok();
        let users = pair.split_once('-').and_then(|(one, other)| Some([user(one)?, user(other)?]));
        let [one, other] = users.ok_or(CommandError::Unknown("pair"))?;
        let is_done = self.matchmaking.reunite(cx.now().monotonic, one, other);
        let deed = || Deed::new(format!("let players {} and {} meet again", one.0, other.0));
        is_done.then(deed).ok_or(CommandError::Unknown("pair"))
    }

    fn start_ban(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
        peer: Peer,
    ) -> Result<Deed, CommandError> {
        let NewBan { subject, hours, reason, note, confirm } = serde_json::from_slice(body)?;
        if [&reason, &note].into_iter().any(|text| is_long(text)) {
            return Err(CommandError::Value("`reason` and `note`", "lines of at most 500 bytes"));
        }
        let subject: Subject = subject.parse()?;
        if let Some(danger) = subject.danger(peer.address.ip()).filter(|_| !confirm) {
            return Err(CommandError::Unconfirmed(format!("{subject} {danger}")));
        }
        let since = cx.now().wall;
        let until = hours.map(|hours| later(since, hours));
        let ban = Ban { subject, since, until, reason, note };
        let (after, about) = (ban.to_string(), self.user_of(subject));
        let before = self.bans.iter().find(|ban| ban.subject == subject).map(Ban::to_string);
        self.ban(cx, ban);
        Ok(Deed::new(format!("banned: {after}")).about(about).changing(before, Some(after)))
    }

    fn lift_ban(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Result<Deed, CommandError> {
        let LiftBan { subject } = serde_json::from_slice(body)?;
        let subject: Subject = subject.parse()?;
        let ban = self.unban(cx, subject).ok_or(CommandError::Unknown("ban"))?;
        let deed = Deed::new(format!("lifted a ban: {ban}")).about(self.user_of(subject));
        Ok(deed.changing(Some(ban.to_string()), None))
    }

    /// Returns the player that a ban is of.
    fn user_of(&self, subject: Subject) -> Option<UserId> {
        let Subject::Account(steam_id) = subject else { return None };
        self.players().by_steam_id(steam_id).map(|player| player.user_id)
    }

    fn start_event(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Result<Deed, CommandError> {
        let StartEvent { event, hours } = serde_json::from_slice(body)?;
        if !(1..=MAX_EVENT_HOURS).contains(&hours) {
            return Err(CommandError::Value("`hours`", "from 1 to 1440"));
        }
        let event: EventName = event.parse()?;
        let until = later(cx.now().wall, hours);
        let before = self.event_now(cx);
        let by_hand = ByHand { event: Some(event), from: cx.now().wall, until };
        self.game_configuration.intervene(cx, by_hand);
        let deed = Deed::new(format!("started the event {} for {hours} h", event.as_str()));
        Ok(deed.changing(before, Some(event.as_str().into())))
    }
}

/// Returns true if a command can change durable state.
const fn may_record(command: Endpoint<'_>) -> bool {
    !matches!(command, Endpoint::LogIn | Endpoint::LogOut | Endpoint::OpenLink(_) | Endpoint::MakeLink)
}

/// Logs a wrong password, unless its source goes on guessing.
pub(super) fn log_refusal(cx: &mut Context<'_, Mmcos>, peer: Peer, why: &Refusal) {
    if *why == Refusal::WrongPassword {
        cx.log(LogEvent::NoOperator { peer: peer.address, why: why.clone() });
    }
}

/// Returns a reason, if it is a line.
///
/// # Errors
/// [`CommandError::Value`] if it is empty, too long, or more than a line.
pub(super) fn reason_of(reason: String) -> Result<String, CommandError> {
    if reason.trim().is_empty() || is_long(&reason) {
        return Err(CommandError::Value("`reason`", "a line of 1 to 500 bytes"));
    }
    Ok(reason)
}

pub(super) fn is_long(text: &str) -> bool {
    text.len() > LONGEST_TEXT || text.chars().any(char::is_control)
}

fn later(moment: Wall, hours: u32) -> Wall {
    Wall::from_millis(moment.as_millis().saturating_add(i64::from(hours).saturating_mul(3_600_000)))
}

pub(super) fn rejected(error: &CommandError) -> AdminResponse {
    match error {
        CommandError::Refused(refusal) => AdminResponse::refused(refusal),
        CommandError::Unknown(_) | CommandError::Setting(SettingsError::Unknown(_)) => {
            AdminResponse::error(Status::NOT_FOUND, &error.to_string())
        }
        CommandError::Busy(why) => AdminResponse::error(Status::CONFLICT, why),
        CommandError::Unconfirmed(why) => AdminResponse::question(why, &error.to_string()),
        _ => AdminResponse::error(Status::BAD_REQUEST, &error.to_string()),
    }
}
