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

/// Prefix of our cookies' names. Browsers send a cookie to every port of a host; the rest of the name distinguishes
/// servers on one machine.
pub(super) const COOKIE: &str = "mmcos_operator";

/// Access that a request has proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No proof.
    Public,
    /// Proof of being the operator.
    Operator(Proof),
}

/// The proof by which an operator was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The password, or another bearer token that is valid as long as the server runs.
    Bearer,
    /// An admin session.
    Session(TokenDigest),
}

/// The reason why a request is refused.
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
    /// The request has no proof.
    #[error("Log in first, or send the password as a bearer token.")]
    ProofNeeded,
    /// The password is wrong.
    #[error("Wrong password.")]
    WrongPassword,
    /// The password is wrong, or was not checked because many wrong ones came from this address.
    #[error("Wrong password. Too many wrong ones came from your address: try again in {} s.", seconds(*.0))]
    TooManyAttempts(Duration),
    /// The one-time link was used or has expired.
    #[error("This link has been used or has expired. Run `mmcos admin-link` for a new one.")]
    UsedLink,
}

impl Refusal {
    /// Returns the status of the response.
    pub const fn status(&self) -> Status {
        match self {
            Self::ForeignHost(_) | Self::ForeignSite => Status::FORBIDDEN,
            Self::ProofNeeded | Self::WrongPassword => Status::UNAUTHORIZED,
            Self::TooManyAttempts(_) => Status::TOO_MANY_REQUESTS,
            Self::UsedLink => Status::GONE,
        }
    }
}

/// Recognises the operator: by password, by admin session, by one-time link. Never by the address of a request: a
/// proxy or a tunnel that ends on this machine passes on the requests of strangers (decision 0068).
#[derive(Debug)]
pub struct Gate {
    config: Config,
    sessions: Tokens,
    links: Tokens,
    throttle: LoginThrottle,
}

impl Gate {
    /// Returns a gate without sessions. The link of `config` is valid from now on.
    pub fn new(config: Config) -> Self {
        let mut links = Tokens::default();
        let start = Monotonic::default();
        if let Some(link) = config.first_link {
            links.add(link, start.after(LINK_LIFETIME), start);
        }
        Self { config, sessions: Tokens::default(), links, throttle: LoginThrottle::default() }
    }

    /// Returns true if metrics need no proof.
    pub(crate) const fn has_open_metrics(&self) -> bool {
        self.config.open_metrics
    }

    /// Returns the access that this request has proved.
    ///
    /// # Errors
    /// [`Refusal`] for a wrong bearer token, and without a bearer token for a request of another site or to another
    /// name.
    pub fn access(&mut self, request: &Request<'_>, peer: Peer, now: Monotonic) -> Result<Access, Refusal> {
        if let Some(token) = bearer(request) {
            // Browsers never add a bearer token by themselves, so neither the name nor the site matters.
            return self.check_password(token, peer.address, now).map(|()| Access::Operator(Proof::Bearer));
        }
        self.check_origin(request)?;
        let session = cookies(request).find(|session| self.sessions.holds(*session, now));
        Ok(session.map_or(Access::Public, |session| Access::Operator(Proof::Session(session))))
    }

    /// Returns true while a proof is valid.
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

    /// Begins an admin session with a one-time link, which is then used up. Returns its `Set-Cookie`.
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

    /// Creates a one-time link. Returns its token as text.
    pub fn make_link(&mut self, link: Token, now: Monotonic) -> String {
        self.links.add(link, now.after(LINK_LIFETIME), now)
    }

    /// Ends a browser's admin session. Returns its `Set-Cookie`.
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

    /// Checks `Host`, against DNS rebinding.
    fn check_host(&self, request: &Request<'_>) -> Result<(), Refusal> {
        let host = request.host().unwrap_or_default();
        let shown = || host.escape_ascii().take(100).map(char::from).collect();
        if host::is_ours(host, &self.config.names) { Ok(()) } else { Err(Refusal::ForeignHost(shown())) }
    }

    /// Checks the origin of a request that is authenticated by cookie. A browser adds the cookie to every request,
    /// also to those of other sites, so the request must come from our own page.
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

    /// Checks a password. A random password is always checked: guessing cannot find it, and its owner must get in
    /// while strangers guess. For a chosen password, the number of attempts of each source is limited.
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

/// Returns the whole seconds of a wait, at least one.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs().max(1)
}

/// Returns true if an `Origin` such as `https://192.168.1.20:8443` is that of pages of this `Host`.
fn is_origin_of(origin: &[u8], host: &[u8]) -> bool {
    let authority =
        [b"http://".as_slice(), b"https://"].iter().find_map(|scheme| origin.strip_prefix(*scheme));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn bearer<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let (scheme, token) = request.field("Authorization")?.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Returns the tokens of all our cookies, including those of other servers on this machine.
fn cookies(request: &Request<'_>) -> impl Iterator<Item = TokenDigest> {
    let pairs = request.field("Cookie").unwrap_or_default().split(|&b| b == b';').map(<[u8]>::trim_ascii);
    pairs.filter_map(|pair| {
        let rest = pair.strip_prefix(COOKIE.as_bytes())?;
        let at = rest.iter().position(|&b| b == b'=')?;
        Some(TokenDigest::of(rest.get(at.checked_add(1)?..)?))
    })
}
