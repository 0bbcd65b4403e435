//! Responses that every game's server has beside the game: pages for players, health, metrics.

use alloc::{format, sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    Access, Addresses, AdminResponse, Config, Exposition, Gate, Kind, Operator, Operators, Refusal,
    Thousandths, VisitorPage,
};
#[cfg(feature = "openapi")]
use super::{Operation, RequiredAccess};
use crate::{
    engine::{Body, Exchange, Peer, Response},
    finding::Finding,
    info::Info,
    seam::{Bytes, Now, Storage, StorageTrouble, Wall},
    service::{Context, Service},
    wire::http::{Method, Request, Status},
};

/// Upper bounds of the histogram of commit times, in milliseconds.
const COMMIT_BOUNDS: [u16; 9] = [1, 2, 5, 10, 25, 50, 100, 250, 1000];

/// Configuration of a [`Desk`], from the host.
#[derive(Clone, Debug, Default)]
pub struct DeskConfig {
    /// Credentials of operators. With `None`, there are neither metrics nor a dashboard.
    pub admin: Option<Config>,
    /// Pages for players, such as the instructions at `/`.
    pub pages: Vec<VisitorPage>,
    /// Addresses that those pages name.
    pub addresses: Addresses,
    /// Findings of the host about itself, at the start: what a new server needs.
    pub findings: Vec<Finding>,
}

/// The paths of a server that are the same for any game: `/` and the other pages for players, `/healthz`, `/readyz`,
/// `/metrics`. A game passes it each request first, and each commit time:
///
/// ```
/// # use mmcos_core::engine::{self, Exchange, Peer, Response};
/// # use mmcos_core::{service::{Context, Service}, wire::http::{Request, Status}};
/// use mmcos_core::admin::{DeskOutcome, Desk};
/// # #[derive(Debug)]
/// struct Game {
///     desk: Desk,
/// }
///
/// impl Service for Game {
/// #   type Record = ();
/// #   type Event = engine::Event;
/// #   type Timer = ();
/// #   type RestoreError = core::convert::Infallible;
///     fn request(&mut self, cx: &mut Context<'_, Self>, request: &Request<'_>, peer: Peer, exchange: Exchange) {
///         let exchange = match self.desk.request(cx, request, peer, exchange, None) {
///             DeskOutcome::Responded | DeskOutcome::Refused(_) => return,
///             DeskOutcome::Metrics(exchange, metrics) => return metrics.send(cx, exchange),
///             DeskOutcome::Game(exchange) => exchange,
///             DeskOutcome::Admin(exchange) => {
///                 return cx.respond(exchange, &Response::text(Status::NOT_FOUND, b"Only metrics are here.\n"));
///             }
///         };
///         cx.respond(exchange, &Response::text(Status::OK, b"This is the game's.\n"));
///     }
///
///     fn committed(&mut self, _: &mut Context<'_, Self>, took: core::time::Duration) {
///         self.desk.committed(took);
///     }
/// #   fn restore(&mut self, (): ()) -> Result<(), core::convert::Infallible> { Ok(()) }
/// }
/// ```
#[derive(Debug)]
pub struct Desk {
    info: &'static Info,
    gate: Gate,
    /// True if there are metrics and a dashboard.
    has_admin: bool,
    pages: Vec<VisitorPage>,
    addresses: Addresses,
    findings: Vec<Finding>,
    /// Part of the game on the page at `/`, as HTML.
    front: Arc<[u8]>,
    started: Option<Wall>,
    commits: Commits,
}

/// Outcome of a request at the desk.
#[derive(Debug)]
pub enum DeskOutcome {
    /// The request was for the desk, and the desk has responded.
    Responded,
    /// The request was refused: a wrong password, or too many attempts. Worth a line in the log.
    Refused(Refusal),
    /// The request is for metrics. The game may add to them before they are sent.
    Metrics(Exchange, Exposition),
    /// The request is for the game, or for its operator's pages where [`Desk::gate_for`] finds a gate.
    Game(Exchange),
    /// The same, by the listener for operators alone: nothing of the game may be served.
    Admin(Exchange),
}

/// Commit times.
#[derive(Debug, Default)]
struct Commits {
    by_time: [u64; COMMIT_BOUNDS.len()],
    slower: u64,
    sum: Duration,
    last: Option<Duration>,
}

impl Desk {
    /// Descriptions of the requests at the desk. A game joins them with its own.
    #[cfg(feature = "openapi")]
    pub const OPERATIONS: [Operation; 3] = [
        Operation::new(Method::Get, "/healthz", "Returns success while the server runs.")
            .with_access(RequiredAccess::Public)
            .returns_text("text/plain"),
        Operation::new(
            Method::Get,
            "/readyz",
            "Returns success while players can log in: not during maintenance, nor while nothing can be saved.",
        )
        .with_access(RequiredAccess::Public)
        .returns_text("text/plain")
        .fails_with(&[Status::SERVICE_UNAVAILABLE]),
        Operation::new(Method::Get, "/metrics", "Returns all numbers, for Prometheus (text format 0.0.4).")
            .returns_text("text/plain"),
    ];

    /// Returns the desk of this game.
    pub fn new(info: &'static Info, config: DeskConfig) -> Self {
        let DeskConfig { admin, pages, addresses, findings } = config;
        let (has_admin, gate) = (admin.is_some(), Gate::new(admin.unwrap_or_default()));
        let (front, started, commits) = (Arc::default(), None, Commits::default());
        Self { info, gate, has_admin, pages, addresses, findings, front, started, commits }
    }

    /// Returns the findings of the host about itself, at the start.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Sets the game's part of the page at `/`, such as the players online: HTML, in UTF-8.
    pub fn set_front(&mut self, html: Arc<[u8]>) {
        self.front = html;
    }

    /// Returns the gate that recognises operators; `None` without [`DeskConfig::admin`].
    pub const fn gate(&mut self) -> Option<&mut Gate> {
        if self.has_admin { Some(&mut self.gate) } else { None }
    }

    /// Returns the gate for operators' requests of this sender; `None` too if operators have another listener.
    pub const fn gate_for(&mut self, peer: Peer) -> Option<&mut Gate> {
        if self.has_admin && self.gate.serves(peer) { Some(&mut self.gate) } else { None }
    }

    /// Returns the named operators, which are kept without a gate too.
    pub const fn operators(&self) -> &Operators {
        self.gate.operators()
    }

    /// Restores a named operator, or removes the one of this name.
    pub fn restore_operator(&mut self, name: &str, operator: Option<Operator>) {
        match operator {
            Some(operator) => drop(self.gate.put_operator(operator)),
            None => drop(self.gate.remove_operator(name)),
        }
    }

    /// Returns the wall time of the first request; `now` if there was none.
    pub fn started(&self, now: Wall) -> Wall {
        self.started.unwrap_or(now)
    }

    /// Returns the time that the last commit took.
    pub const fn last_commit(&self) -> Option<Duration> {
        self.commits.last
    }

    /// Counts a commit.
    pub fn committed(&mut self, took: Duration) {
        let Commits { by_time, slower, sum, last } = &mut self.commits;
        let place = COMMIT_BOUNDS.iter().position(|bound| took <= Duration::from_millis(u64::from(*bound)));
        let count = place.and_then(|place| by_time.get_mut(place)).unwrap_or(slower);
        *count = count.saturating_add(1);
        *sum = sum.saturating_add(took);
        *last = Some(took);
    }

    /// Responds to a request for one of the desk's paths. `closed` is the reason why the game accepts no players at
    /// the moment, if there is one.
    pub fn request<S: Service>(
        &mut self,
        cx: &mut Context<'_, S>,
        request: &Request<'_>,
        peer: Peer,
        exchange: Exchange,
        closed: Option<&str>,
    ) -> DeskOutcome {
        self.started.get_or_insert(cx.now().wall);
        let is_read = matches!(request.method(), Method::Get | Method::Head);
        let plain =
            |text: &'static str| AdminResponse::new("text/plain; charset=utf-8", text.as_bytes().into());
        let has_metrics = self.has_admin && self.gate.serves(peer);
        let response = match (request.path(), cx.storage(), closed) {
            // OPTIONS of the server as a whole (RFC 9110, section 9.3.7).
            ("*", ..) => AdminResponse::done().with("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
            ("/healthz" | "/readyz", ..) if !is_read => only_read(),
            ("/metrics", ..) if has_metrics && !is_read => only_read(),
            ("/healthz", ..) => plain("ok\n"),
            ("/readyz", _, Some(reason)) => AdminResponse::error(Status::SERVICE_UNAVAILABLE, reason),
            ("/readyz", Storage::Unavailable(trouble), None) => {
                let text = format!("nothing can be saved at the moment, since {trouble}");
                AdminResponse::error(Status::SERVICE_UNAVAILABLE, &text)
            }
            ("/readyz", ..) => plain("ready\n"),
            ("/metrics", ..) if has_metrics => match self.may_read_metrics(request, peer, cx.now()) {
                Ok(()) => return DeskOutcome::Metrics(exchange, self.metrics(cx)),
                Err(refusal) => {
                    AdminResponse::refused(&refusal).send(|response| cx.respond(exchange, response));
                    return DeskOutcome::Refused(refusal);
                }
            },
            _ if !peer.listener.has_game() => return DeskOutcome::Admin(exchange),
            (path, ..) => {
                let Some(page) = self.pages.iter().find(|page| page.path == path) else {
                    return DeskOutcome::Game(exchange);
                };
                let address =
                    self.addresses.for_visitor(request.host().unwrap_or_default(), peer.address.ip());
                let front = core::str::from_utf8(&self.front).unwrap_or_default();
                match page.render(address.as_ref(), front, &self.pages) {
                    None => return DeskOutcome::Game(exchange),
                    Some(text) => {
                        respond_with_page(cx, exchange, page, &text, is_read);
                        return DeskOutcome::Responded;
                    }
                }
            }
        };
        response.send(|response| cx.respond(exchange, response));
        DeskOutcome::Responded
    }

    fn may_read_metrics(&mut self, request: &Request<'_>, peer: Peer, now: Now) -> Result<(), Refusal> {
        if self.gate.has_open_metrics() {
            return Ok(());
        }
        self.gate.check_network(peer)?;
        match self.gate.access(request, peer, now)? {
            Access::Operator(_) => Ok(()),
            Access::Public => Err(Refusal::ProofNeeded),
        }
    }

    /// Returns the metrics that every server has.
    fn metrics<S: Service>(&self, cx: &Context<'_, S>) -> Exposition {
        let mut text = Exposition::of(self.info.name);
        text.family("build_info", Kind::Gauge, "The version, as a label.")
            .sample(&[("version", self.info.version)], 1);
        text.family("start_time_seconds", Kind::Gauge, "Time at which the server started, since 1970.")
            .sample(&[], self.started(cx.now().wall).as_secs());
        text.family("connections", Kind::Gauge, "Open connections.").sample(&[], cx.connections());
        text.family("clock_doubted", Kind::Gauge, "1 while this machine's clock may be wrong.")
            .sample(&[], u8::from(cx.clock().trouble().is_some()));
        let mut family = text.family(
            "store_trouble",
            Kind::Gauge,
            "1 for the reason why changes cannot be saved at the moment.",
        );
        for trouble in StorageTrouble::ALL {
            let present = cx.storage().trouble() == Some(trouble);
            family.sample(&[("reason", trouble.name())], u8::from(present));
        }
        let Commits { by_time, slower, sum, .. } = &self.commits;
        let bounds = COMMIT_BOUNDS.map(|millis| Thousandths(u64::from(millis)));
        text.family("store_commit_seconds", Kind::Histogram, "Time to make changes durable.").histogram(
            &[],
            bounds.into_iter().zip(*by_time),
            *slower,
            format!("{:.6}", sum.as_secs_f64()),
        );
        text
    }
}

fn only_read() -> AdminResponse {
    AdminResponse::error(Status::METHOD_NOT_ALLOWED, "this path can only be read").with("Allow", "GET, HEAD")
}

fn respond_with_page<S: Service>(
    cx: &mut Context<'_, S>,
    exchange: Exchange,
    page: &VisitorPage,
    text: &str,
    is_read: bool,
) {
    if !is_read {
        let response = Response::text(Status::METHOD_NOT_ALLOWED, b"This page can only be read.\n");
        return cx.respond(exchange, &Response { fields: &[("Allow", "GET, HEAD")], ..response });
    }
    // Each visitor is shown the address that they came by, so a cache must not serve the page to another visitor.
    let fields = [
        ("Content-Security-Policy", page.policy.as_str()),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Vary", "Host"),
    ];
    let body = Body::new(Bytes::Borrowed(&[]), text.as_bytes());
    cx.respond(
        exchange,
        &Response { content_type: Some(&page.content_type), fields: &fields, body, ..Response::empty() },
    );
}
