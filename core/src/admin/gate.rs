use alloc::{format, string::String};
use core::{net::SocketAddr, time::Duration};

use super::{
    Config, host,
    throttle::LoginThrottle,
    tokens::{LINK_LIFETIME, SESSION_LIFETIME, Token, TokenDigest, Tokens},
};
use crate::{
    engine::Peer,
    seam::Monotonic,
    wire::http::{Method, Request, Status},
};

/// How the names of our cookies begin. Browsers give a cookie to every port of a host: the rest of the name tells servers
/// on one machine apart.
pub(super) const COOKIE: &str = "mmcos_operator";

/// What the sender of a request has proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// That it is the operator.
    Operator(Proof),
}

/// How an operator was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By the password, or by another bearer token that holds as long as the server runs.
    Bearer,
    /// By an admin session.
    Session(TokenDigest),
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The `Host` is not a name of this server.
    #[error(
        "The dashboard does not answer to \"{0}\". Use the IP address, or add the name to host-names in mmcos.toml."
    )]
    ForeignHost(String),
    /// A browser sent the request for another site.
    #[error("Requests from other sites are refused.")]
    ForeignSite,
    /// The request proves nothing.
    #[error("Log in first, or send the password as a bearer token.")]
    ProofNeeded,
    /// The password is wrong.
    #[error("Wrong password.")]
    WrongPassword,
    /// The password is wrong, or was not checked, since many wrong ones came from this address.
    #[error("Wrong password. Too many wrong ones came from your address: try again in {} s.", seconds(*.0))]
    TooManyAttempts(Duration),
    /// The one-time link was used or has expired.
    #[error("This link has been used or has expired. Run `mmcos admin-link` for a new one.")]
    UsedLink,
}

impl Refusal {
    /// The status of the response.
    pub const fn status(&self) -> Status {
        match self {
            Self::ForeignHost(_) | Self::ForeignSite => Status::FORBIDDEN,
            Self::ProofNeeded | Self::WrongPassword => Status::UNAUTHORIZED,
            Self::TooManyAttempts(_) => Status::TOO_MANY_REQUESTS,
            Self::UsedLink => Status::GONE,
        }
    }
}

/// Recognises the operator: by password, by a browser's session, by a one-time link. Never by where a request comes from: a
/// proxy or a tunnel that ends on this machine passes on the requests of strangers (decision 0068).
#[derive(Debug)]
pub struct Gate {
    config: Config,
    sessions: Tokens,
    links: Tokens,
    throttle: LoginThrottle,
}

impl Gate {
    /// Returns a gate without sessions. The link of `config` holds from now on.
    pub fn new(config: Config) -> Self {
        let mut links = Tokens::default();
        let start = Monotonic::default();
        if let Some(link) = config.first_link {
            links.add(link, start.after(LINK_LIFETIME), start);
        }
        Self { config, sessions: Tokens::default(), links, throttle: LoginThrottle::default() }
    }

    /// Returns whether everybody may read metrics.
    pub const fn has_open_metrics(&self) -> bool {
        self.config.open_metrics
    }

    /// Returns what the sender of this request has proved.
    ///
    /// # Errors
    /// [`Refusal`] for a wrong bearer token, and without a bearer token for a request of another site or to another name.
    pub fn access(&mut self, request: &Request<'_>, peer: Peer, now: Monotonic) -> Result<Access, Refusal> {
        if let Some(token) = bearer(request) {
            // No browser adds a bearer token by itself, so neither the name nor the site matters.
            return self.check_password(token, peer.address, now).map(|()| Access::Operator(Proof::Bearer));
        }
        self.check_origin(request)?;
        let session = cookies(request).find(|session| self.sessions.holds(*session, now));
        Ok(session.map_or(Access::Public, |session| Access::Operator(Proof::Session(session))))
    }

    /// Returns whether a proof still holds.
    pub fn holds(&self, proof: Proof, now: Monotonic) -> bool {
        match proof {
            Proof::Bearer => true,
            Proof::Session(session) => self.sessions.holds(session, now),
        }
    }

    /// Begins an admin session with the password. Returns its `Set-Cookie`.
    ///
    /// # Errors
    /// [`Refusal`] if the password is wrong.
    pub fn log_in(
        &mut self,
        password: &str,
        request: &Request<'_>,
        peer: Peer,
        session: Token,
        now: Monotonic,
    ) -> Result<String, Refusal> {
        self.check_password(password.as_bytes(), peer.address, now)?;
        Ok(self.begin_session(request, peer, session, now))
    }

    /// Begins an admin session with a one-time link, which ends the link. Returns its `Set-Cookie`.
    ///
    /// # Errors
    /// [`Refusal`] if the link does not hold, or if its cookie would not be accepted under this name.
    pub fn open_link(
        &mut self,
        link: &str,
        request: &Request<'_>,
        peer: Peer,
        session: Token,
        now: Monotonic,
    ) -> Result<String, Refusal> {
        self.check_host(request)?;
        if !self.links.take(TokenDigest::of(link.as_bytes()), now) {
            return Err(Refusal::UsedLink);
        }
        Ok(self.begin_session(request, peer, session, now))
    }

    /// Makes a one-time link. Returns its token as text.
    pub fn make_link(&mut self, link: Token, now: Monotonic) -> String {
        self.links.add(link, now.after(LINK_LIFETIME), now)
    }

    /// Ends the session of a browser. Returns its `Set-Cookie`.
    pub fn log_out(&mut self, request: &Request<'_>, peer: Peer, now: Monotonic) -> String {
        for session in cookies(request) {
            self.sessions.take(session, now);
        }
        set_cookie(request, peer, "", Duration::ZERO)
    }

    fn begin_session(&mut self, request: &Request<'_>, peer: Peer, session: Token, now: Monotonic) -> String {
        let token = self.sessions.add(session, now.after(SESSION_LIFETIME), now);
        set_cookie(request, peer, &token, SESSION_LIFETIME)
    }

    /// Against DNS rebinding.
    fn check_host(&self, request: &Request<'_>) -> Result<(), Refusal> {
        let host = request.host().unwrap_or_default();
        let shown = || host.escape_ascii().take(100).map(char::from).collect();
        if host::is_ours(host, &self.config.names) { Ok(()) } else { Err(Refusal::ForeignHost(shown())) }
    }

    /// A cookie goes with whatever a browser sends, a password does not. So where no password comes along, the browser
    /// must have been sent by our own page.
    fn check_origin(&self, request: &Request<'_>) -> Result<(), Refusal> {
        self.check_host(request)?;
        let site = request.field("Sec-Fetch-Site");
        let sent_by_us = site.is_none_or(|site| matches!(site, b"same-origin" | b"none"));
        let changes = !matches!(request.method(), Method::Get | Method::Head);
        let from_us = match request.field("Origin") {
            Some(origin) => is_origin_of(origin, request.host().unwrap_or_default()),
            None => !changes || cookies(request).next().is_none(),
        };
        if sent_by_us && from_us { Ok(()) } else { Err(Refusal::ForeignSite) }
    }

    /// A random password is checked whatever came before: no number of guesses finds it, and its owner must get in while
    /// strangers guess. Of one that an operator chose, each source may guess so often only.
    fn check_password(&mut self, tried: &[u8], peer: SocketAddr, now: Monotonic) -> Result<(), Refusal> {
        let Config { password, console, .. } = &self.config;
        let may_guess =
            |password: &super::Password| password.is_random() || self.throttle.allows_guess(peer.ip(), now);
        if [password, console].into_iter().flatten().any(|one| may_guess(one) && one.is(tried)) {
            return Ok(());
        }
        let wait = self.throttle.failed(peer.ip(), now);
        Err(if wait.is_zero() { Refusal::WrongPassword } else { Refusal::TooManyAttempts(wait) })
    }
}

fn set_cookie(request: &Request<'_>, peer: Peer, token: &str, lifetime: Duration) -> String {
    let name = match host::port(request.host().unwrap_or_default()) {
        Some(port) => format!("{COOKIE}_{port}"),
        None if peer.tls => format!("{COOKIE}_tls"),
        None => COOKIE.into(),
    };
    let secure = if peer.tls { "; Secure" } else { "" };
    let seconds = lifetime.as_secs();
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// Whole seconds to wait, at least one.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs().max(1)
}

/// Returns whether an `Origin` such as `https://192.168.1.20:8443` is that of pages of this `Host`.
fn is_origin_of(origin: &[u8], host: &[u8]) -> bool {
    let authority =
        [b"http://".as_slice(), b"https://"].iter().find_map(|scheme| origin.strip_prefix(*scheme));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn bearer<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let (scheme, token) = request.field("Authorization")?.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// The tokens in all cookies of ours, of other servers on this machine included.
fn cookies(request: &Request<'_>) -> impl Iterator<Item = TokenDigest> {
    let pairs = request.field("Cookie").unwrap_or_default().split(|&b| b == b';').map(<[u8]>::trim_ascii);
    pairs.filter_map(|pair| {
        let rest = pair.strip_prefix(COOKIE.as_bytes())?;
        let at = rest.iter().position(|&b| b == b'=')?;
        Some(TokenDigest::of(rest.get(at.checked_add(1)?..)?))
    })
}
