//! The operator's side: a request is [authenticated](mmcos_core::admin::Gate), then sees the [state](view) of the
//! server or carries out a [command](command).

mod asset;
mod audit;
mod command;
mod endpoints;
mod live;
mod log_in;
mod metrics;
mod operators;
mod plans;
mod players;
mod season;
mod view;

use alloc::{
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use crate::{Mmcos, Record, catalogue::EventName};
use serde::Serialize;

use asset::Asset;
use endpoints::{Endpoint, Found};
use live::Live;
pub(super) use metrics::Counts;
use mmcos_core::{
    admin::{
        Access, AdminResponse, AuditLog, Desk, DeskConfig, DeskOutcome, Gauges, History, Refusal,
        RequiredAccess, Role,
    },
    engine::{Exchange, Peer},
    seam::{Storage, Wall},
    service::Context,
    wire::http::{Request, Status},
};
pub(crate) use view::{searching, under_way};

/// State of the operator's side.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) desk: Desk,
    live: Live,
    pub(super) history: History,
    pub(super) counts: Counts,
    pub(super) audit: AuditLog,
    sweep: audit::Sweep,
    /// The description of the API, once it has been requested.
    description: Option<Arc<[u8]>>,
}

impl Operator {
    pub(super) fn new(desk: DeskConfig) -> Self {
        Self {
            desk: Desk::new(&crate::host::info::INFO, desk),
            live: Live::default(),
            history: History::default(),
            counts: Counts::default(),
            audit: AuditLog::default(),
            sweep: audit::Sweep::default(),
            description: None,
        }
    }
}

/// Returns the description of the API, as JSON.
pub(crate) fn description() -> String {
    endpoints::description().to_string()
}

impl Mmcos {
    /// Serves a request that is not for the game. Returns the exchange if the request is for the game.
    pub(super) fn operate(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        peer: Peer,
        exchange: Exchange,
    ) -> Option<Exchange> {
        // The dashboard reads the public part of the API too.
        let is_visit = peer.listener.has_game() || request.path().starts_with("/api/v1/");
        let exchange = if is_visit { self.visit(cx, request, exchange)? } else { exchange };
        let closed = self.is_closed(cx.now().wall).then_some("closed for maintenance");
        let exchange = match self.operator.desk.request(cx, request, peer, exchange, closed) {
            DeskOutcome::Responded => return None,
            DeskOutcome::Refused(refusal) => {
                command::log_refusal(cx, peer, &refusal);
                return None;
            }
            DeskOutcome::Metrics(exchange, mut text) => {
                self.metrics(cx, &mut text);
                text.send(cx, exchange);
                return None;
            }
            DeskOutcome::Game(exchange) | DeskOutcome::Admin(exchange) => exchange,
        };
        let Some(gate) = self.operator.desk.gate_for(peer) else { return Some(exchange) };
        let place = gate.check_network(peer);
        match Endpoint::find(request.method(), request.path()) {
            None => return Some(exchange),
            // The description is no secret, and a link leads nowhere without the rest.
            Some(Found::Endpoint(endpoint, ..)) if place.is_err() && endpoint != Endpoint::Description => {
                let response = match place {
                    Err(Refusal::ForeignNetwork(_)) if request.path().starts_with("/admin") => {
                        log_in::page_for_strangers(peer)
                    }
                    Err(refusal) => AdminResponse::refused(&refusal),
                    Ok(()) => AdminResponse::done(),
                };
                response.send(|response| cx.respond(exchange, response));
            }
            Some(Found::Allow(methods)) => {
                let response =
                    AdminResponse::error(Status::METHOD_NOT_ALLOWED, "this path takes other methods");
                response.with("Allow", &methods).send(|response| cx.respond(exchange, response));
            }
            Some(Found::Endpoint(endpoint, required, path)) => match self.access(cx, required, request, peer)
            {
                Ok(access @ Access::Operator(_)) if endpoint == Endpoint::Live => {
                    self.watch(cx, &access, exchange);
                }
                Ok(access) => {
                    let response = self.respond(cx, endpoint, path, access, request, peer);
                    response.send(|response| cx.respond(exchange, response));
                }
                Err(refusal) => {
                    AdminResponse::refused(&refusal).send(|response| cx.respond(exchange, response));
                }
            },
        }
        None
    }

    /// Returns the sender's proof, if it suffices for the required access.
    fn access(
        &mut self,
        cx: &mut Context<'_, Self>,
        required: RequiredAccess,
        request: &Request<'_>,
        peer: Peer,
    ) -> Result<Access, Refusal> {
        let Some(gate) = self.operator.desk.gate() else { return Err(Refusal::ProofNeeded) };
        let access = match required {
            RequiredAccess::Public => return Ok(Access::Public),
            RequiredAccess::SameSite => gate.access(request, peer, cx.now()),
            RequiredAccess::Role(needed) => match gate.access(request, peer, cx.now()) {
                Ok(Access::Public) => Err(Refusal::ProofNeeded),
                Ok(Access::Operator(caller)) if caller.role < needed => {
                    Err(Refusal::RoleNeeded { needed, has: caller.role })
                }
                access => access,
            },
        };
        if let Err(why) = &access {
            command::log_refusal(cx, peer, why);
        }
        access
    }

    fn respond(
        &mut self,
        cx: &mut Context<'_, Self>,
        endpoint: Endpoint<'_>,
        path: &'static str,
        access: Access,
        request: &Request<'_>,
        peer: Peer,
    ) -> AdminResponse {
        let now = cx.now();
        match endpoint {
            Endpoint::Asset(asset) => file(asset),
            Endpoint::Description => {
                let text = self.operator.description.get_or_insert_with(|| description().into_bytes().into());
                AdminResponse::new("application/json", Arc::clone(text)).with("Cache-Control", "no-cache")
            }
            Endpoint::Session => AdminResponse::json(&view::Session::new(&access, now.wall)),
            Endpoint::State => AdminResponse::json(&self.state(cx)),
            Endpoint::History => AdminResponse::json(&self.charts()),
            Endpoint::Players => page(self.players_page(cx, request.query())),
            Endpoint::PlayerDetails(user) => {
                let role = match &access {
                    Access::Operator(caller) => caller.role,
                    Access::Public => Role::Viewer,
                };
                match self.player_details(cx, user, role) {
                    Some(player) => AdminResponse::json(&player),
                    None => AdminResponse::error(Status::NOT_FOUND, "there is no such player"),
                }
            }
            Endpoint::Matches => page(self.matches_page(cx, request.query())),
            Endpoint::Results => page(self.results_page(request.query())),
            Endpoint::Checklist => AdminResponse::json(&self.checklist()),
            Endpoint::Log => page(Self::log_page(cx, request.query())),
            Endpoint::Bans => page(self.bans_page(cx, request.query())),
            Endpoint::Settings => AdminResponse::json(&self.settings.rows().collect::<Vec<_>>()),
            Endpoint::Events => {
                AdminResponse::json(&EventName::all().map(EventName::as_str).collect::<Vec<_>>())
            }
            Endpoint::Plans => AdminResponse::json(&self.plan_rows(now.wall)),
            Endpoint::Operators => AdminResponse::json(&self.operator_rows(now.wall)),
            Endpoint::Sessions => match &access {
                Access::Operator(caller) => AdminResponse::json(&self.session_rows(cx, caller)),
                Access::Public => AdminResponse::refused(&Refusal::ProofNeeded),
            },
            Endpoint::PlayerData(user) => match self.data_of(user) {
                Ok(data) => AdminResponse::json(&data),
                Err(error) => command::rejected(&error),
            },
            Endpoint::Audit => page(self.audit_page(request.query())),
            command => self.carry_out(cx, command, path, access, request, peer),
        }
    }

    /// Extends the charts to `now`, assuming the state was constant since the last call.
    pub(super) fn pass(&mut self, now: Wall) {
        let Self { operator, sessions, matchmaking, .. } = self;
        let matchmaker = matchmaking.matchmaker();
        let gauges = || Gauges {
            online: sessions.presence.count(now),
            searching: matchmaker.buckets().fold(0, |sum, bucket| bucket.players.saturating_add(sum)),
            matches: u32::try_from(view::under_way(matchmaker).count()).unwrap_or(u32::MAX),
            waits: matchmaker.waits().with_humans().count(),
            wait_millis: matchmaker.waits().with_humans().millis,
        };
        if operator.history.pass(now, gauges) {
            operator.live.history_changed();
        }
    }

    /// Persists the quarters of an hour that have ended.
    pub(super) fn save_history(&mut self, cx: &mut Context<'_, Self>) {
        let history = &mut self.operator.history;
        if cx.storage() != Storage::Available {
            return history.skip();
        }
        let (quarters, minutes) = history.save();
        for record in
            quarters.into_iter().map(Record::Load).chain(minutes.into_iter().map(Record::MinuteLoads))
        {
            cx.record(record);
        }
    }

    fn charts(&self) -> view::Charts {
        let history = &self.operator.history;
        view::Charts { hour: history.hour(), day: history.day(), week: history.week() }
    }
}

fn page<T: Serialize>(page: Result<view::Page<T>, view::QueryError>) -> AdminResponse {
    match page {
        Ok(page) => AdminResponse::json(&page),
        Err(error) => AdminResponse::error(Status::BAD_REQUEST, &error.to_string()),
    }
}

fn file(asset: Asset) -> AdminResponse {
    let (content_type, text) = asset.file();
    let body: Vec<u8> = text.into();
    AdminResponse::new(content_type, body.into()).with("Cache-Control", "no-cache")
}
