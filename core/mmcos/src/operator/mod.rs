//! The operator's side: who asks is [let in](mmcos_core::admin::Gate), sees [what there is](look), and
//! [orders](order) what is to be done.

mod ask;
mod asset;
mod live;
mod look;
mod metrics;
mod order;
mod view;

use alloc::vec::Vec;

use super::{Config, Mmcos, catalogue::EventName};
use ask::{Ask, Found};
use asset::Asset;
use live::Live;
pub(super) use metrics::Counts;
use mmcos_core::{
    admin::{Access, Answer, Gate, Gauges, History, METRICS_TYPE, Refusal, VisitorPage},
    engine::{Body, Exchange, Peer, Response},
    seam::{Bytes, Storage, Wall},
    service::Context,
    wire::http::{Method, Request, Status},
};

/// All that is kept for the operator's sake.
#[derive(Debug)]
pub(super) struct Operator {
    /// `None`: there is no dashboard.
    gate: Option<Gate>,
    live: Live,
    history: History,
    pub(super) counts: Counts,
    /// When the first request came.
    started: Option<Wall>,
}

impl Operator {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            gate: config.admin.clone().map(Gate::new),
            live: Live::default(),
            history: History::default(),
            counts: Counts::default(),
            started: None,
        }
    }
}

impl Mmcos {
    /// Takes a request that is none of the game's. Gives the exchange back if it is.
    pub(super) fn operate(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        peer: Peer,
        exchange: Exchange,
    ) -> Option<Exchange> {
        if let Some(page) = self.config.pages.iter().find(|page| page.path == request.path()) {
            return self.show(cx, page, request, peer, exchange);
        }
        if request.path() == "*" {
            // OPTIONS of the server as a whole (RFC 9110, section 9.3.7).
            let allow = [("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS")];
            cx.respond(exchange, &Response { fields: &allow, ..Response::empty() });
            return None;
        }
        if self.operator.gate.is_none() {
            return Some(exchange);
        }
        match Ask::find(request.method(), request.path()) {
            None => return Some(exchange),
            Some(Found::Allow(methods)) => {
                let answer = Answer::error(Status::METHOD_NOT_ALLOWED, "this path takes other methods");
                answer.with("Allow", &methods).send(|response| cx.respond(exchange, response));
            }
            Some(Found::Ask(ask)) => match self.access(cx, ask, request, peer) {
                Ok(Access::Operator(proof)) if ask == Ask::Live => self.watch(cx, proof, exchange),
                Ok(access) => {
                    let answer = self.answer(cx, ask, access, request, peer);
                    answer.send(|response| cx.respond(exchange, response));
                }
                Err(refusal) => Answer::refused(&refusal).send(|response| cx.respond(exchange, response)),
            },
        }
        None
    }

    /// Responds with a page for players. Gives the exchange back if the page needs an address and none is known.
    fn show(
        &self,
        cx: &mut Context<'_, Self>,
        page: &VisitorPage,
        request: &Request<'_>,
        peer: Peer,
        exchange: Exchange,
    ) -> Option<Exchange> {
        if !matches!(request.method(), Method::Get | Method::Head) {
            let allow = [("Allow", "GET, HEAD")];
            let text = Response::text(Status::METHOD_NOT_ALLOWED, b"This page can only be read.\n");
            cx.respond(exchange, &Response { fields: &allow, ..text });
            return None;
        }
        let host = request.host().unwrap_or_default();
        let address = self.config.addresses.for_visitor(host, peer.address.ip());
        let Some(text) = page.render(address.as_ref()) else { return Some(exchange) };
        // Each visitor is told the address that they came by: a cache must not hand it to another.
        let fields = [
            ("Content-Security-Policy", page.policy.as_str()),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            ("Vary", "Host"),
        ];
        let response = Response {
            content_type: Some(&page.content_type),
            fields: &fields,
            body: Body::new(Bytes::Borrowed(&[]), text.as_bytes()),
            ..Response::empty()
        };
        cx.respond(exchange, &response);
        None
    }

    /// Returns what the sender has proved, if that is enough.
    fn access(
        &mut self,
        cx: &mut Context<'_, Self>,
        ask: Ask<'_>,
        request: &Request<'_>,
        peer: Peer,
    ) -> Result<Access, Refusal> {
        let Some(gate) = &mut self.operator.gate else { return Err(Refusal::ProofNeeded) };
        if ask.is_for_everybody() || (ask == Ask::Metrics && gate.has_open_metrics()) {
            return Ok(Access::Public);
        }
        let access = match gate.access(request, peer, cx.now().monotonic) {
            Ok(Access::Public) if ask.needs_proof() => Err(Refusal::ProofNeeded),
            access => access,
        };
        if let Err(why) = &access {
            order::log_refusal(cx, peer, why);
        }
        access
    }

    fn answer(
        &mut self,
        cx: &mut Context<'_, Self>,
        ask: Ask<'_>,
        access: Access,
        request: &Request<'_>,
        peer: Peer,
    ) -> Answer {
        let now = cx.now();
        match ask {
            Ask::Asset(asset) => file(asset),
            Ask::Status => {
                let status = self.status(cx);
                let answer =
                    Answer::new("application/json", status).with("Cache-Control", "public, max-age=5");
                answer.with("Access-Control-Allow-Origin", "*")
            }
            Ask::Metrics => Answer::new(METRICS_TYPE, self.metrics(cx).into_bytes().into()),
            Ask::Health => Answer::new("text/plain; charset=utf-8", b"ok\n".as_slice().into()),
            Ask::Ready if self.config.maintenance => {
                Answer::error(Status::SERVICE_UNAVAILABLE, "closed for maintenance")
            }
            Ask::Ready if let Storage::Unavailable(trouble) = cx.storage() => {
                let text = alloc::format!("nothing can be saved at the moment, since {trouble}");
                Answer::error(Status::SERVICE_UNAVAILABLE, &text)
            }
            Ask::Ready => Answer::new("text/plain; charset=utf-8", b"ready\n".as_slice().into()),
            Ask::Session => Answer::json(&view::Session::new(access, now.wall)),
            Ask::State => Answer::json(&self.state(cx)),
            Ask::History => Answer::json(&self.charts()),
            Ask::Players => Answer::json(&self.players_named(request.query(), now.wall)),
            Ask::Bans => Answer::json(&self.ban_rows()),
            Ask::Settings => Answer::json(&self.setting_rows()),
            Ask::Events => Answer::json(&EventName::all().map(EventName::as_str).collect::<Vec<_>>()),
            order => self.obey(cx, order, request, peer),
        }
    }

    /// Time has passed; everything was as it is now until just before.
    pub(super) fn pass(&mut self, now: Wall) {
        self.operator.started.get_or_insert(now);
        let Self { operator, presence, matchmaking, .. } = self;
        let matchmaker = matchmaking.matchmaker();
        let gauges = || Gauges {
            online: presence.count(now),
            searching: matchmaker.buckets().fold(0, |sum, bucket| bucket.players.saturating_add(sum)),
            matches: u32::try_from(look::under_way(matchmaker).count()).unwrap_or(u32::MAX),
            waits: matchmaker.waits().with_humans().count(),
            wait_millis: matchmaker.waits().with_humans().millis,
        };
        if operator.history.pass(now, gauges) {
            operator.live.history_changed();
        }
    }

    fn charts(&self) -> view::Charts<'_> {
        view::Charts { hour: self.operator.history.hour(), day: self.operator.history.day() }
    }
}

fn file(asset: Asset) -> Answer {
    let (content_type, text) = asset.file();
    let body: Vec<u8> = text.into();
    Answer::new(content_type, body.into()).with("Cache-Control", "no-cache")
}
