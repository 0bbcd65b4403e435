use alloc::{format, string::String, vec::Vec};
use core::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{
    CONSOLE, Config, Grant, HOST, Operator, OperatorError, Operators, Role, host,
    throttle::LoginThrottle,
    tokens::{LINK_LIFETIME, SESSION_LIFETIME, Token, TokenDigest, Tokens},
};
use crate::{
    AddressRange,
    calendar::UtcText,
    engine::Peer,
    seam::{Monotonic, Now, Wall},
    wire::http::{Method, Request, Status},
};

/// Prefix of our cookies' names. Browsers send a cookie to every port of a host; the rest of the name distinguishes
/// servers on one machine.
pub(super) const COOKIE: &str = "mmcos_operator";

/// Access that a request has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// No proof.
    Public,
    /// Proof of being an operator.
    Operator(Caller),
}

/// The operator that a request has proved to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Name: [`HOST`], [`CONSOLE`], or that of an [`Operator`].
    pub name: String,
    /// Permissions.
    pub role: Role,
    /// The proof.
    pub proof: Proof,
}

/// The proof by which an operator was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The host's password or the console's token, which are valid as long as the server runs.
    Host,
    /// The password of a named operator.
    Password(TokenDigest),
    /// An admin session.
    Session(TokenDigest),
}

/// An admin session that has just begun.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// Name of the operator.
    pub name: String,
    /// Value of the field `Set-Cookie`.
    pub cookie: String,
}

/// The reason why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The `Host` is not a name of this server.
    #[error(
        "The dashboard cannot be opened as \"{0}\". Use the IP address, or add the name to the setting host-names."
    )]
    ForeignHost(String),
    /// The address of the sender is in no network from which operators' requests are accepted.
    #[error(
        "Your address {0} is in no network from which this server's dashboard, API and metrics may be used. Use them from \
         one, or add the address to admin-networks in mmcos.toml."
    )]
    ForeignNetwork(IpAddr),
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
    /// The access of a named operator has ended.
    #[error("Your access ended at {0}. Ask an admin of this server for a new one.")]
    Ended(UtcText),
    /// The role does not permit the request.
    #[error("This needs the role {needed}; yours is {has}. An admin of this server can change it.")]
    RoleNeeded {
        /// The least role that permits it.
        needed: Role,
        /// The role of the sender.
        has: Role,
    },
    /// The one-time link was used or has expired.
    #[error("This link has been used or has expired. Run `mmcos admin-link` for a new one.")]
    UsedLink,
}

impl Refusal {
    /// Returns the status of the response.
    pub const fn status(&self) -> Status {
        match self {
            Self::ForeignNetwork(_) | Self::ForeignHost(_) | Self::ForeignSite | Self::RoleNeeded { .. } => {
                Status::FORBIDDEN
            }
            Self::ProofNeeded | Self::WrongPassword | Self::Ended(_) => Status::UNAUTHORIZED,
            Self::TooManyAttempts(_) => Status::TOO_MANY_REQUESTS,
            Self::UsedLink => Status::GONE,
        }
    }
}

/// Recognises operators: by password, by admin session, by one-time link. Never by the address of a request: a
/// proxy or a tunnel that ends on this machine passes on the requests of strangers (decision 0068).
#[derive(Debug)]
pub struct Gate {
    config: Config,
    operators: Operators,
    sessions: Tokens,
    links: Tokens,
    throttle: LoginThrottle,
}

impl Gate {
    /// Returns a gate without sessions. The link of `config` is valid from now on.
    pub fn new(config: Config) -> Self {
        let (mut links, throttle) = (Tokens::new(LINK_LIFETIME), LoginThrottle::default());
        if let Some(link) = config.first_link {
            links.add(link, HOST, Ipv4Addr::LOCALHOST.into(), Monotonic::default());
        }
        Self {
            config,
            operators: Operators::default(),
            sessions: Tokens::new(SESSION_LIFETIME),
            links,
            throttle,
        }
    }

    /// Returns the named operators.
    pub const fn operators(&self) -> &Operators {
        &self.operators
    }

    /// Checks that one more named operator can be added.
    ///
    /// # Errors
    /// [`OperatorError::TooMany`] if there are too many.
    pub fn has_room(&self) -> Result<(), OperatorError> {
        self.operators.has_room()
    }

    /// Adds an operator, or replaces the one of the same name, which is returned. With another password, the admin
    /// sessions and links of the one before end.
    pub fn put_operator(&mut self, operator: Operator) -> Option<Operator> {
        let (name, password) = (operator.name.clone(), operator.password);
        let before = self.operators.put(operator);
        if before.as_ref().is_none_or(|before| before.password != password) {
            self.end_all(name.as_str());
        }
        before
    }

    /// Removes an operator. Admin sessions and links of that name end.
    pub fn remove_operator(&mut self, name: &str) -> Option<Operator> {
        self.end_all(name);
        self.operators.remove(name)
    }

    fn end_all(&mut self, name: &str) {
        for tokens in [&mut self.sessions, &mut self.links] {
            tokens.remove(|grant| grant.name == name);
        }
    }

    /// Returns true if metrics need no proof.
    pub(crate) const fn has_open_metrics(&self) -> bool {
        self.config.open_metrics
    }

    /// Returns true if operators are served by the listener of this sender.
    pub(crate) const fn serves(&self, peer: Peer) -> bool {
        // Only the listener of operators has nothing of the game.
        !self.config.own_listener || !peer.listener.has_game()
    }

    /// Checks that the sender is in a network from which operators' requests are accepted. That proves nothing; it
    /// keeps strangers from the login.
    ///
    /// # Errors
    /// [`Refusal::ForeignNetwork`] if it is not.
    pub fn check_network(&self, peer: Peer) -> Result<(), Refusal> {
        let address = peer.address.ip().to_canonical();
        let is_in = |networks: &Vec<AddressRange>| networks.iter().any(|network| network.contains(address));
        if self.config.networks.as_ref().is_none_or(is_in) {
            Ok(())
        } else {
            Err(Refusal::ForeignNetwork(address))
        }
    }

    /// Returns the access that this request has proved.
    ///
    /// # Errors
    /// [`Refusal`] for a wrong bearer token, and without a bearer token for a request of another site or to another
    /// name.
    pub fn access(&mut self, request: &Request<'_>, peer: Peer, now: Now) -> Result<Access, Refusal> {
        if let Some(token) = bearer(request) {
            // Browsers never add a bearer token by themselves, so neither the name nor the site matters.
            return self.authenticate(token, peer.address, now).map(Access::Operator);
        }
        self.check_origin(request)?;
        let caller = cookies(request).find_map(|session| self.caller_of_session(session, now));
        Ok(caller.map_or(Access::Public, Access::Operator))
    }

    fn caller_of_session(&self, session: TokenDigest, now: Now) -> Option<Caller> {
        let name = &self.sessions.get(session, now.monotonic)?.name;
        let role = self.role_of(name, now.wall)?;
        Some(Caller { name: name.clone(), role, proof: Proof::Session(session) })
    }

    /// Returns the role of an operator whose access has not ended.
    fn role_of(&self, name: &str, now: Wall) -> Option<Role> {
        match name {
            HOST | CONSOLE => Some(Role::Admin),
            name => {
                self.operators.get(name).filter(|operator| operator.holds(now)).map(|operator| operator.role)
            }
        }
    }

    /// Returns true while a proof is valid.
    pub fn holds(&self, proof: Proof, now: Now) -> bool {
        match proof {
            Proof::Host => true,
            Proof::Password(password) => {
                self.operators.by_password(password).is_some_and(|operator| operator.holds(now.wall))
            }
            Proof::Session(session) => self.caller_of_session(session, now).is_some(),
        }
    }

    /// Begins an admin session with a password.
    ///
    /// # Errors
    /// [`Refusal`] if the password is wrong.
    pub fn log_in(
        &mut self,
        password: &str,
        request: &Request<'_>,
        peer: Peer,
        session: Token,
        now: Now,
    ) -> Result<LoggedIn, Refusal> {
        let Caller { name, .. } = self.authenticate(password.as_bytes(), peer.address, now)?;
        Ok(self.begin_session(name, request, peer, session, now.monotonic))
    }

    /// Begins an admin session with a one-time link, which is then used up.
    ///
    /// # Errors
    /// [`Refusal`] if the link does not hold, or if its cookie would not be accepted under this name.
    pub fn open_link(
        &mut self,
        link: &str,
        request: &Request<'_>,
        peer: Peer,
        session: Token,
        now: Now,
    ) -> Result<LoggedIn, Refusal> {
        self.check_host(request)?;
        let link = self.links.take(TokenDigest::of(link.as_bytes()), now.monotonic);
        let Some(Grant { name, .. }) = link else { return Err(Refusal::UsedLink) };
        Ok(self.begin_session(name, request, peer, session, now.monotonic))
    }

    /// Creates a one-time link for an operator. Returns its token as text.
    pub fn make_link(&mut self, link: Token, caller: &Caller, peer: Peer, now: Monotonic) -> String {
        // The link of a command opens a browser for the person at this machine.
        let name = if caller.name == CONSOLE { HOST } else { &caller.name };
        self.links.add(link, name, peer.address.ip(), now)
    }

    /// Ends a browser's admin session. Returns its `Set-Cookie`.
    pub fn log_out(&mut self, request: &Request<'_>, peer: Peer, now: Monotonic) -> String {
        for session in cookies(request) {
            self.sessions.take(session, now);
        }
        set_cookie(request, peer, "", Duration::ZERO)
    }

    /// Returns the admin sessions, the oldest first.
    pub fn sessions(&self, now: Monotonic) -> Vec<&Grant> {
        self.sessions.all(now)
    }

    /// Returns the number of a caller's admin session.
    pub fn session_number(&self, caller: &Caller, now: Monotonic) -> Option<u64> {
        let Proof::Session(session) = caller.proof else { return None };
        self.sessions.get(session, now).map(|grant| grant.number)
    }

    /// Ends the admin session of this number, and returns it.
    pub fn end_session(&mut self, number: u64) -> Option<Grant> {
        self.sessions.remove(|grant| grant.number == number)
    }

    fn begin_session(
        &mut self,
        name: String,
        request: &Request<'_>,
        peer: Peer,
        session: Token,
        now: Monotonic,
    ) -> LoggedIn {
        let token = self.sessions.add(session, &name, peer.address.ip(), now);
        LoggedIn { name, cookie: set_cookie(request, peer, &token, SESSION_LIFETIME) }
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

    /// Returns the operator with this password. A random password is always checked: guessing cannot find it, and its
    /// owner must get in while strangers guess. For a chosen password, the number of attempts of each source is
    /// limited.
    fn authenticate(&mut self, tried: &[u8], peer: SocketAddr, now: Now) -> Result<Caller, Refusal> {
        if let Some(operator) = self.operators.by_password(TokenDigest::of(tried)) {
            let Operator { name, role, until, password, .. } = operator;
            return match until.filter(|_| !operator.holds(now.wall)) {
                Some(until) => Err(Refusal::Ended(until.into())),
                None => {
                    Ok(Caller { name: name.as_str().into(), role: *role, proof: Proof::Password(*password) })
                }
            };
        }
        let Config { password, console, .. } = &self.config;
        let may_guess = |password: &super::Password| {
            password.is_random() || self.throttle.allows_guess(peer.ip(), now.monotonic)
        };
        for (name, password) in [(HOST, password), (CONSOLE, console)] {
            if password.as_ref().is_some_and(|password| may_guess(password) && password.is(tried)) {
                return Ok(Caller { name: name.into(), role: Role::Admin, proof: Proof::Host });
            }
        }
        let wait = self.throttle.failed(peer.ip(), now.monotonic);
        Err(if wait.is_zero() { Refusal::WrongPassword } else { Refusal::TooManyAttempts(wait) })
    }
}

fn set_cookie(request: &Request<'_>, peer: Peer, token: &str, lifetime: Duration) -> String {
    let name = match host::port(request.host().unwrap_or_default()) {
        Some(port) => format!("{COOKIE}_{port}"),
        None if peer.listener.has_tls() => format!("{COOKIE}_tls"),
        None => COOKIE.into(),
    };
    let secure = if peer.listener.has_tls() { "; Secure" } else { "" };
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
