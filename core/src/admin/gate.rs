use alloc::{format, string::String};
use core::{fmt, net::SocketAddr, time::Duration};

use super::{
    Config,
    attempts::Attempts,
    host,
    sessions::{LIFETIME, Sessions},
};
use crate::{
    engine::Peer,
    seam::Monotonic,
    wire::http::{Method, Request, Status, Version},
};

const COOKIE: &str = "mmcos_operator";

/// Fields that proxies add. Who has one of them came from elsewhere, whatever the connection says.
const ADDED_BY_PROXIES: [&str; 6] =
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"];

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// See what is public.
    Public,
    /// See everything.
    Look,
    /// See and order everything.
    Order,
}

/// Why somebody may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The `Host` is no name of this server.
    #[error(
        "this server is not known by the name in the request; open it by its address, as localhost, or add the name to \
         `host-names` in its configuration"
    )]
    ForeignHost,
    /// Another site sent a browser here.
    #[error("requests from other sites are not accepted")]
    ForeignSite,
    /// It takes a password.
    #[error("this takes the operator's password: log in, or send it as a bearer token")]
    PasswordNeeded,
    /// Not the password.
    #[error("that is not the operator's password")]
    WrongPassword,
    /// Too many wrong passwords.
    #[error("too many wrong passwords: try again in {} s", .0.as_secs().saturating_add(1))]
    TooManyAttempts(Duration),
}

impl Refusal {
    /// The status that goes with it.
    pub const fn status(&self) -> Status {
        match self {
            Self::ForeignHost | Self::ForeignSite => Status::FORBIDDEN,
            Self::PasswordNeeded | Self::WrongPassword => Status::UNAUTHORIZED,
            Self::TooManyAttempts(_) => Status::TOO_MANY_REQUESTS,
        }
    }
}

/// Decides who may do what: by password, by the session of a browser that logged in, and by being on this machine.
#[derive(Debug)]
pub struct Gate {
    config: Config,
    sessions: Sessions,
    attempts: Attempts,
}

impl Gate {
    /// A gate that nobody has passed yet.
    pub fn new(config: Config) -> Self {
        Self { config, sessions: Sessions::default(), attempts: Attempts::default() }
    }

    /// Whether metrics and health are for everybody.
    pub const fn has_open_metrics(&self) -> bool {
        self.config.open_metrics
    }

    /// What the sender of this request may do.
    ///
    /// # Errors
    /// [`Refusal`] if nothing at all: for a request that another site had a browser send, and for a wrong password.
    pub fn access(&mut self, request: &Request<'_>, peer: Peer, now: Monotonic) -> Result<Access, Refusal> {
        self.check_origin(request)?;
        if let Some(token) = bearer(request) {
            return self.check_password(token, peer.address, now).map(|()| Access::Order);
        }
        if cookie(request).is_some_and(|token| self.sessions.holds(token, now)) {
            return Ok(Access::Order);
        }
        let may_look = self.config.open_to_this_machine && is_from_this_machine(request, peer);
        Ok(if may_look { Access::Look } else { Access::Public })
    }

    /// Lets a browser in. Gives the `Set-Cookie` for it; `random` is the session's number.
    ///
    /// # Errors
    /// [`Refusal`] if the password is wrong or was so too often.
    pub fn log_in(
        &mut self,
        password: &str,
        peer: Peer,
        random: [u64; 2],
        now: Monotonic,
    ) -> Result<String, Refusal> {
        self.check_password(password.as_bytes(), peer.address, now)?;
        let token = self.sessions.begin(random, now);
        let secure = if self.config.tls == Some(peer.listener) { "; Secure" } else { "" };
        Ok(set_cookie(&token, LIFETIME, secure))
    }

    /// Ends the session of a browser. Gives the `Set-Cookie` for it.
    pub fn log_out(&mut self, request: &Request<'_>) -> String {
        if let Some(token) = cookie(request) {
            self.sessions.end(token);
        }
        set_cookie("", Duration::ZERO, "")
    }

    /// A cookie goes with whatever a browser sends, a password does not. So where no password comes along, the browser
    /// must have been sent by our own page.
    fn check_origin(&self, request: &Request<'_>) -> Result<(), Refusal> {
        let host = request.field("Host").unwrap_or_default();
        if !host::is_ours(host, &self.config.names) {
            return Err(Refusal::ForeignHost);
        }
        let site = request.field("Sec-Fetch-Site");
        let sent_by_us = site.is_none_or(|site| matches!(site, b"same-origin" | b"none"));
        let changes = !matches!(request.method(), Method::Get | Method::Head);
        let from_us = match request.field("Origin") {
            Some(origin) => is_origin_of(origin, host),
            None => !changes || bearer(request).is_some() || cookie(request).is_none(),
        };
        if sent_by_us && from_us { Ok(()) } else { Err(Refusal::ForeignSite) }
    }

    fn check_password(&mut self, tried: &[u8], peer: SocketAddr, now: Monotonic) -> Result<(), Refusal> {
        let wait = self.attempts.wait(peer.ip(), now);
        if !wait.is_zero() {
            return Err(Refusal::TooManyAttempts(wait));
        }
        if self.config.password.as_ref().is_some_and(|password| password.is(tried)) {
            self.attempts.succeeded(peer.ip());
            return Ok(());
        }
        self.attempts.failed(peer.ip(), now);
        Err(Refusal::WrongPassword)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Look => "look",
            Self::Order => "order",
        })
    }
}

/// Whether no proxy stands between. One that leaves no trace speaks HTTP/1.0, as nginx does unless it is told otherwise;
/// for others there is [`Config::open_to_this_machine`].
fn is_from_this_machine(request: &Request<'_>, peer: Peer) -> bool {
    peer.address.ip().to_canonical().is_loopback()
        && request.version() == Version::Http11
        && ADDED_BY_PROXIES.iter().all(|name| request.field(name).is_none())
}

/// Whether an `Origin` such as `https://192.168.1.20:8443` is that of pages of this `Host`.
fn is_origin_of(origin: &[u8], host: &[u8]) -> bool {
    let authority =
        [b"http://".as_slice(), b"https://"].iter().find_map(|scheme| origin.strip_prefix(*scheme));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn bearer<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let (scheme, token) = request.field("Authorization")?.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

fn cookie<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let mut pairs = request.field("Cookie")?.split(|&b| b == b';').map(<[u8]>::trim_ascii);
    let named = |pair: &'a [u8]| pair.strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"=");
    pairs.find_map(named)
}

fn set_cookie(token: &str, lifetime: Duration, secure: &str) -> String {
    let seconds = lifetime.as_secs();
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}
