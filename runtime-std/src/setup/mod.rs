//! Setup of the game's PC: as a text for the operator at the start, with the problems of this host, and for the
//! players as a page and scripts.

pub mod player;
mod players;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use mmcos_core::admin::{Addresses, ServerAddress};
use mmcos_core::info::Info;

use crate::command::text;
use crate::listen::Bound;

pub use players::pages;

/// Addresses that a route could lead to: documentation addresses for the default route, and the usual private
/// networks for a LAN without one.
const DESTINATIONS: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(172, 16, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// Returns this machine's addresses as other machines see them, the most likely first; none without a network.
///
/// Asks the system for the address that it would send from. Sends nothing.
pub fn addresses() -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for address in DESTINATIONS.into_iter().filter_map(sender_to) {
        if !address.is_loopback() && !address.is_unspecified() && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn sender_to(destination: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match destination {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // Connecting a datagram socket only chooses a route. Port 9 is "discard".
    socket.connect((destination, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// A listener, for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Address of the listener.
    pub address: SocketAddr,
    /// Port that was requested but not allowed.
    pub instead_of: Option<u16>,
}

impl From<&Bound> for Place {
    fn from(bound: &Bound) -> Self {
        Self { address: bound.address, instead_of: bound.instead_of }
    }
}

/// The text at the start, as its `Display`.
///
/// ```
/// use mmcos_core::info::Info;
/// use mmcos_std::setup::{Place, Setup};
/// static GAME: Info = Info { hosts: &["game.example.com"], ..Info::named("game") };
/// let setup = Setup {
///     info: &GAME,
///     addresses: vec![[192, 168, 1, 20].into()],
///     public_address: None,
///     http: None,
///     https: Some(Place { address: "[::]:443".parse()?, instead_of: None }),
///     admin: None,
///     data_dir: "/var/lib/mmcos".into(),
///     config_file: None,
///     has_page: true,
/// };
/// assert!(setup.to_string().contains("\n    192.168.1.20 game.example.com\n"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Setup {
    /// The game.
    pub info: &'static Info,
    /// Addresses of this machine, from [`addresses`].
    pub addresses: Vec<IpAddr>,
    /// Address that the operator wants players to use.
    pub public_address: Option<ServerAddress>,
    /// The plain listener; `None` if it is off.
    pub http: Option<Place>,
    /// The TLS listener; `None` if it is off.
    pub https: Option<Place>,
    /// The listener for operators alone; `None` if they have none of their own.
    pub admin: Option<Place>,
    /// Data directory.
    pub data_dir: PathBuf,
    /// Configuration file that was read.
    pub config_file: Option<PathBuf>,
    /// True if [`pages`] are served.
    pub has_page: bool,
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attention(f)?;
        writeln!(f, "{}\n", self.info.program())?;
        self.places(f)?;
        self.players(f)
    }
}

impl Setup {
    /// Returns the data from which pages for players name an address that works for their visitor.
    pub fn visitor_addresses(&self) -> Addresses {
        // A listener on one address is reachable at no other. On loopback it has a proxy in front, on this machine.
        let only = self.https.or(self.http).map(|place| place.address.ip());
        let only = only.filter(|ip| !ip.is_unspecified() && !ip.is_loopback());
        let own = only.map_or_else(|| self.addresses.clone(), |ip| vec![ip]);
        Addresses { public: self.public_address.clone(), own }
    }

    /// Returns the URLs of the page at `path` for browsers on other machines: with this machine's address, then with
    /// the public one. With `localhost` if there is neither; empty without a listener.
    pub fn urls(&self, path: &str) -> Vec<String> {
        let http = self.http.map(|place| ("http", 80, place.address));
        // Second choice, because browsers warn of our certificate.
        let https = self.https.map(|place| ("https", 443, place.address));
        http.or(https).map_or_else(Vec::new, |listener| self.urls_at(listener, path))
    }

    /// Returns the URL of the operators' listener for browsers; `None` without a listener.
    pub(crate) fn admin_url(&self) -> Option<String> {
        let admin = self.admin.map(|place| self.urls_at(("http", 80, place.address), ""));
        admin.unwrap_or_else(|| self.urls("")).into_iter().next()
    }

    fn urls_at(&self, (scheme, usual_port, place): (&str, u16, SocketAddr), path: &str) -> Vec<String> {
        let hosts = if place.ip().is_unspecified() {
            let addresses = self.visitor_addresses();
            let own = addresses.own().map(ServerAddress::Ip);
            let public = addresses.public.filter(|public| Some(public) != own.as_ref());
            own.into_iter().chain(public).map(|address| url_host(&address)).collect()
        } else {
            vec![url_host(&ServerAddress::Ip(place.ip()))]
        };
        let hosts = if hosts.is_empty() { vec!["localhost".to_owned()] } else { hosts };
        let port = Some(place.port()).filter(|port| *port != usual_port);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        hosts.iter().map(|host| format!("{scheme}://{host}{port}{path}")).collect()
    }

    /// Writes the problem that keeps games away, and the one command against it. It comes first, so that it is read.
    fn attention(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let denied = [self.https, self.http].into_iter().flatten();
        let denied = denied.filter_map(|place| Some((place.instead_of?, place.address.port())));
        let (wanted, got): (Vec<_>, Vec<_>) =
            denied.map(|(wanted, got)| (wanted.to_string(), got.to_string())).unzip();
        if wanted.is_empty() {
            return Ok(());
        }
        let name = self.info.name;
        let program = std::env::current_exe().unwrap_or_else(|_| name.into());
        let harm = match self.https {
            Some(Place { instead_of: None, .. }) => "Browsers cannot find the page for players",
            _ => "Games cannot connect yet",
        };
        writeln!(
            f,
            "ATTENTION: {harm}. Run: sudo setcap cap_net_bind_service=+ep '{}'; then start {name} again.",
            program.display()
        )?;
        let (wanted, got) = (wanted.join(" and "), got.join(" and "));
        let guide = self.guide(" For other ways see ");
        writeln!(f, "({name} may not use port {wanted}, so it listens on {got}.{guide})\n")
    }

    /// Returns a reference to the instructions for operators, after these words; empty if there are none.
    fn guide(&self, words: &str) -> String {
        match self.info.guide {
            "" => String::new(),
            guide => format!("{words}{guide}."),
        }
    }

    fn places(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, place) in [("HTTPS", self.https), ("HTTP", self.http)] {
            match place {
                Some(place) => writeln!(f, "{name:<14} {}", place.address)?,
                None => writeln!(f, "{name:<14} off")?,
            }
        }
        if let Some(admin) = self.admin {
            writeln!(f, "{:<14} {}", "Operators", admin.address)?;
        }
        writeln!(f, "{:<14} {}", "Data", self.data_dir.display())?;
        let none = format!("none (see `{} config`)", self.info.name);
        let file = self.config_file.as_deref().map_or(none.into(), Path::to_string_lossy);
        writeln!(f, "{:<14} {file}", "Configuration")
    }

    fn players(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.visitor_addresses();
        // Behind a proxy, plain HTTP may be for the proxy alone.
        let has_page = self.has_page && self.http.is_some_and(|http| !http.address.ip().is_loopback());
        let hosts: Vec<_> = self.info.redirected_hosts().collect();
        if !hosts.is_empty() {
            self.by_hand(f, &addresses, &hosts)?;
        }
        if has_page {
            writeln!(f, "\n{:<14} {}", "Players", self.urls("/").join("\n               "))?;
        }
        if has_page && !hosts.is_empty() {
            f.write_str("               Each player opens this page and runs its script.\n")?;
        }
        Ok(())
    }

    /// Writes what the scripts on the page for players do, and what an operator must know about networks.
    fn by_hand(&self, f: &mut fmt::Formatter<'_>, addresses: &Addresses, hosts: &[&str]) -> fmt::Result {
        f.write_str(
            "\nOn each game PC, add these lines to the hosts file. On Windows that is\n\
             C:\\Windows\\System32\\drivers\\etc\\hosts; open it with an editor that was\n\
             started as administrator.\n\n",
        )?;
        let public_ip = match &addresses.public {
            Some(ServerAddress::Ip(address)) => Some(*address),
            Some(ServerAddress::Name(_)) | None => None,
        };
        let chosen = public_ip.or_else(|| addresses.own());
        let address = chosen.map_or("ADDRESS-OF-THIS-MACHINE".to_owned(), |address| address.to_string());
        for host in hosts {
            writeln!(f, "    {address} {host}")?;
        }
        writeln!(f)?;
        let others = addresses.own.iter().filter(|address| Some(**address) != chosen);
        let others: Vec<String> = others.map(ToString::to_string).collect();
        if !others.is_empty() {
            writeln!(f, "This machine also has the address {}.", others.join(", "))?;
        }
        let internet = format!(
            "Players on the internet need your router's public address, and the router must forward TCP ports 443 (the \
             game) and 80 (the page for players) to this machine. With CGNAT or DS-Lite there is no public address.{}",
            self.guide(" See ")
        );
        f.write_str(&text::wrap(&internet, ""))?;
        if cfg!(windows) {
            let firewall = format!(
                "If Windows asks about the network, choose \"Allow\". `{} doctor` says whether its firewall blocks \
                 players.",
                self.info.name
            );
            f.write_str(&text::wrap(&firewall, ""))?;
        }
        match self.info.page.same_pc {
            "" => Ok(()),
            text => {
                let text =
                    format!("A PC that runs both the game and this server needs no hosts file. {text}");
                f.write_str(&text::wrap(&text, ""))
            }
        }
    }
}

/// Formats an address as the host of a URL.
fn url_host(address: &ServerAddress) -> String {
    match address {
        ServerAddress::Ip(IpAddr::V6(address)) => format!("[{address}]"),
        address => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::program::tests::GAME;

    fn place(address: &str, instead_of: Option<u16>) -> Place {
        Place { address: address.parse().unwrap(), instead_of }
    }

    fn setup(addresses: &[&str], https: &str, instead_of: Option<u16>) -> Setup {
        Setup {
            info: &GAME,
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            public_address: None,
            http: None,
            https: Some(place(https, instead_of)),
            admin: None,
            data_dir: "/data".into(),
            config_file: Some("/etc/mmcos.toml".into()),
            has_page: true,
        }
    }

    #[test]
    fn a_machines_addresses_are_not_loopback() {
        let addresses = addresses();
        assert!(addresses.iter().all(|address| !address.is_loopback() && !address.is_unspecified()));
        for (index, address) in addresses.iter().enumerate() {
            assert!(UdpSocket::bind((*address, 0)).is_ok(), "{address} is not ours");
            assert!(!addresses[..index].contains(address), "{address} twice");
        }
    }

    #[test]
    fn pages_are_named_by_addresses_that_work_from_other_machines() {
        let urls = |http: Option<Place>, public: &str, addresses: &[&str]| {
            let public_address = public.parse().ok();
            Setup { public_address, http, ..setup(addresses, "[::]:443", None) }.urls("/admin")
        };
        let own = ["2001:db8::5", "192.168.1.20"];
        assert_eq!(urls(Some(place("[::]:80", None)), "", &own), ["http://192.168.1.20/admin"]);
        assert_eq!(urls(Some(place("[::]:8080", Some(80))), "", &own), ["http://192.168.1.20:8080/admin"]);
        assert_eq!(
            urls(Some(place("[::]:80", None)), "race.example.org", &own),
            ["http://192.168.1.20/admin", "http://race.example.org/admin"]
        );
        assert_eq!(urls(Some(place("[::]:80", None)), "192.168.1.20", &own), ["http://192.168.1.20/admin"]);
        assert_eq!(
            urls(Some(place("127.0.0.1:8080", None)), "192.0.2.1", &own),
            ["http://127.0.0.1:8080/admin"]
        );
        assert_eq!(urls(None, "", &own[..1]), ["https://[2001:db8::5]/admin"]);
        assert_eq!(urls(Some(place("[::]:80", None)), "", &[]), ["http://localhost/admin"]);
    }

    #[test]
    fn operators_find_the_dashboard_at_their_own_listener() {
        let (http, own) = (Some(place("[::]:80", None)), ["192.168.1.20"]);
        let with =
            |admin: &str| Setup { http, admin: Some(place(admin, None)), ..setup(&own, "[::]:443", None) };
        assert_eq!(with("127.0.0.1:8081").admin_url().as_deref(), Some("http://127.0.0.1:8081"));
        assert_eq!(with("[::]:8081").admin_url().as_deref(), Some("http://192.168.1.20:8081"));
        let text = with("127.0.0.1:8081").to_string();
        assert!(text.contains("\nOperators      127.0.0.1:8081\n"), "{text}");
        let none = Setup { http, ..setup(&own, "[::]:443", None) };
        assert_eq!(none.admin_url().as_deref(), Some("http://192.168.1.20"));
        assert!(!none.to_string().contains("Operators"));
    }

    #[test]
    fn the_page_for_players_is_named_where_it_is() {
        let with_http = |http, has_page| {
            Setup { http, has_page, ..setup(&["192.168.1.20"], "[::]:443", None) }.to_string()
        };
        let page = with_http(Some(place("[::]:80", None)), true);
        assert!(page.contains("\nPlayers        http://192.168.1.20/\n"), "{page}");
        assert!(with_http(Some(place("[::]:8080", Some(80))), true).contains(" http://192.168.1.20:8080/\n"));
        for without in [
            with_http(Some(place("[::]:80", None)), false),
            with_http(Some(place("127.0.0.1:8080", None)), true),
            with_http(None, true),
        ] {
            assert!(!without.contains("this page"), "{without}");
        }
    }

    #[test]
    fn the_page_comes_last_where_a_small_window_shows_it() {
        let http = Some(place("[::]:80", None));
        let text = Setup { http, ..setup(&["192.168.1.20"], "[::]:443", None) }.to_string();
        let last = text.rsplit("\n\n").next().unwrap();
        assert!(last.starts_with("Players        http://192.168.1.20/\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn the_hosts_lines_name_an_ipv4_address() {
        let text = setup(&["2001:db8::5", "192.168.1.20", "10.0.0.7"], "[::]:443", None).to_string();
        for host in GAME.hosts {
            assert!(text.contains(&format!("\n    192.168.1.20 {host}\n")), "{text}");
        }
        assert!(text.contains("This machine also has the address 2001:db8::5, 10.0.0.7."), "{text}");
        assert!(text.contains(r"C:\Windows\System32\drivers\etc\hosts"));
        assert!(
            text.contains("choose Localhost") && text.contains("CGNAT") && text.contains("See docs/GAME.md.")
        );
        assert!(text.contains("/data\n") && text.contains("/etc/mmcos.toml\n"));
        assert!(!text.contains("setcap"));
    }

    #[test]
    fn the_only_address_that_it_listens_on_is_shown() {
        let text = setup(&["192.168.1.20"], "10.1.1.1:443", None).to_string();
        assert!(text.contains("    10.1.1.1 game.example.com\n"), "{text}");
        assert!(!text.contains("192.168.1.20"), "nobody can reach it there: {text}");
        assert!(setup(&[], "[::]:443", None).to_string().contains("    ADDRESS-OF-THIS-MACHINE game."));
        let behind_a_proxy = setup(&["192.168.1.20"], "127.0.0.1:8443", None).to_string();
        assert!(behind_a_proxy.contains("    192.168.1.20 game."), "{behind_a_proxy}");
    }

    #[test]
    fn a_public_address_goes_into_hosts_files_and_a_public_name_does_not() {
        let with = |public: &str| Setup {
            public_address: public.parse().ok(),
            http: Some(place("[::]:80", None)),
            ..setup(&["192.168.1.20"], "[::]:443", None)
        };
        let text = with("203.0.113.5").to_string();
        assert!(text.contains("    203.0.113.5 game.example.com\n"), "{text}");
        assert!(text.contains("This machine also has the address 192.168.1.20."), "{text}");
        let text = with("race.example.org").to_string();
        assert!(text.contains("    192.168.1.20 game.example.com\n"), "{text}");
        assert!(text.contains(" http://race.example.org/\n"), "{text}");
    }

    #[test]
    fn a_denied_port_comes_first_with_one_command() {
        let mut setup = setup(&["192.168.1.20"], "[::]:8443", Some(443));
        setup.http = Some(place("[::]:8080", Some(80)));
        let text = setup.to_string();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("ATTENTION: Games cannot connect yet. Run: sudo setcap"), "{first}");
        assert!(text.contains("may not use port 443 and 80, so it listens on 8443 and 8080"), "{text}");
        setup.https = Some(place("[::]:443", None));
        let text = setup.to_string();
        assert!(text.starts_with("ATTENTION: Browsers cannot find the page"), "{text}");
        assert!(text.contains("port 80, so it listens on 8080. For other ways see docs/GAME.md.)"), "{text}");
    }

    #[test]
    fn a_game_with_nothing_but_a_name_mentions_neither_hosts_files_nor_missing_pages() {
        static BARE: Info = Info::named("duel");
        let http = Some(place("[::]:8080", Some(80)));
        let text = Setup { info: &BARE, http, ..setup(&["192.0.2.2"], "[::]:443", None) }.to_string();
        assert!(text.contains("\nPlayers        http://192.0.2.2:8080/\n"), "{text}");
        for absent in ["hosts file", "192.0.2.2 localhost", "script", "docs/", "CGNAT"] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
    }
}
