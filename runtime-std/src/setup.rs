//! What to do on the game's PC: as a text for the host at the start, with what to mend here, and for the players as a
//! page and scripts.

mod players;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use crate::certificate::GAME_HOSTS;
use crate::cli;
use crate::listen::Bound;

pub use players::{PAGE_POLICY, page, unix_script, windows_script};

/// Addresses that a route could lead to: documentation addresses for the default route, and the usual private networks
/// for a LAN that has none.
const DESTINATIONS: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(172, 16, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// This machine's addresses as other machines see them, the most likely first; none without a network.
///
/// Asks the system which address it would send from. Nothing is sent.
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

/// A listener, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it listens.
    pub address: SocketAddr,
    /// The port that it should have had.
    pub instead_of: Option<u16>,
}

impl From<&Bound> for Place {
    fn from(bound: &Bound) -> Self {
        Self { address: bound.address, instead_of: bound.instead_of }
    }
}

/// The text at the start. Its `Display` is that text.
///
/// ```
/// use mmcos_std::setup::{Place, Setup};
/// let setup = Setup {
///     addresses: vec![[192, 168, 1, 20].into()],
///     public_address: None,
///     http: None,
///     https: Some(Place { address: "[::]:443".parse()?, instead_of: None }),
///     data_dir: "/var/lib/mmcos".into(),
///     config_file: None,
///     has_page: true,
/// };
/// assert!(setup.to_string().contains("\n    192.168.1.20 mmcos.codemasters.com\n"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Setup {
    /// This machine's, from [`addresses`].
    pub addresses: Vec<IpAddr>,
    /// The one that the host wants players to use.
    pub public_address: Option<IpAddr>,
    /// The plain listener; `None` if it is off.
    pub http: Option<Place>,
    /// The TLS listener; `None` if it is off.
    pub https: Option<Place>,
    /// Where data is kept.
    pub data_dir: PathBuf,
    /// The configuration file that was read.
    pub config_file: Option<PathBuf>,
    /// Whether [`page`] and the scripts are served.
    pub has_page: bool,
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", cli::version())?;
        self.places(f)?;
        self.game_side(f)?;
        let denied = [self.https, self.http]
            .into_iter()
            .flatten()
            .filter_map(|place| place.instead_of.map(|wanted| (wanted, place.address.port())));
        let denied: Vec<_> = denied.collect();
        if denied.is_empty() { Ok(()) } else { permission_advice(f, &denied) }
    }
}

impl Setup {
    /// The address for the hosts files of players: the one that the host named, else the only one that is listened on,
    /// else the first of IPv4, which the game surely speaks, else any; `None` without a network.
    pub fn players_address(&self) -> Option<IpAddr> {
        let ipv4 = self.addresses.iter().find(|address| address.is_ipv4());
        let known = ipv4.or_else(|| self.addresses.first()).copied();
        self.public_address.or_else(|| self.only_address()).or(known)
    }

    /// The same for a visitor whose request has this `Host`: if that is an address, it leads here from where they are,
    /// which no address that this machine knows of itself is sure to do.
    ///
    /// ```
    /// # use mmcos_std::setup::Setup;
    /// # let setup = Setup { addresses: vec![], public_address: None, http: None, https: None,
    /// #     data_dir: "".into(), config_file: None, has_page: true };
    /// assert_eq!(setup.for_visitor("203.0.113.5:80").players_address(), Some([203, 0, 113, 5].into()));
    /// assert_eq!(setup.for_visitor("localhost").players_address(), setup.players_address());
    /// ```
    #[must_use]
    pub fn for_visitor(&self, host: &str) -> Self {
        let with_port = host.parse::<SocketAddr>().map(|address| address.ip());
        let alone = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let asked = with_port.or(alone).ok().filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
        Self { public_address: asked.or(self.public_address), ..self.clone() }
    }

    fn places(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, place) in [("HTTPS", self.https), ("HTTP", self.http)] {
            match place {
                Some(place) => writeln!(f, "{name:<14} {}", place.address)?,
                None => writeln!(f, "{name:<14} off")?,
            }
        }
        writeln!(f, "{:<14} {}", "Data", self.data_dir.display())?;
        let file =
            self.config_file.as_deref().map_or("none (see `mmcos config`)".into(), Path::to_string_lossy);
        writeln!(f, "{:<14} {file}", "Configuration")
    }

    fn game_side(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "\nOn each game PC, add these lines to the hosts file. On Windows that is\n\
             C:\\Windows\\System32\\drivers\\etc\\hosts; open it with an editor that was started as administrator.\n\n",
        )?;
        let unknown = "ADDRESS-OF-THIS-MACHINE".to_owned();
        let address = self.players_address().map_or(unknown, |address| address.to_string());
        for host in GAME_HOSTS {
            writeln!(f, "    {address} {host}")?;
        }
        self.other_addresses(f)?;
        f.write_str(
            "Players elsewhere on the internet put this network's public address there instead; its router must\n\
             forward TCP port 443 to this machine.\n\
             A PC that runs both the game and this server needs no hosts file: in the game's BootConfig_User.xml set\n\
             m_serverEnvironment to Localhost. The game then asks http://localhost, port 80.\n",
        )?;
        match self.page_url() {
            Some(page) => writeln!(f, "Nobody must do this by hand: {page} has scripts for your players."),
            None => Ok(()),
        }
    }

    fn other_addresses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = self.players_address();
        let others = self.addresses.iter().filter(|address| Some(**address) != chosen);
        let others: Vec<String> = others.map(ToString::to_string).collect();
        if others.is_empty() || self.only_address().is_some() {
            return writeln!(f);
        }
        writeln!(f, "\nThis machine also has {}.", others.join(", "))
    }

    /// Where a browser finds the page for players; `None` without plain HTTP, as it would warn of our certificate.
    fn page_url(&self) -> Option<String> {
        let http = self.http.filter(|_| self.has_page)?.address;
        let address = self.players_address()?;
        // Behind a proxy, plain HTTP may be for that alone.
        if !http.ip().is_unspecified() && http.ip() != address {
            return None;
        }
        let host = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Some(match http.port() {
            80 => format!("http://{host}/"),
            port => format!("http://{host}:{port}/"),
        })
    }

    fn only_address(&self) -> Option<IpAddr> {
        self.https.or(self.http).map(|place| place.address.ip()).filter(|ip| !ip.is_unspecified())
    }
}

/// How to get the ports that were denied; each with the one that stands in.
fn permission_advice(f: &mut fmt::Formatter<'_>, denied: &[(u16, u16)]) -> fmt::Result {
    writeln!(f, "\nATTENTION")?;
    for (wanted, got) in denied {
        writeln!(f, "This process may not use port {wanted}, so it listens on {got}.")?;
    }
    let program = std::env::current_exe().unwrap_or_else(|_| "mmcos".into());
    writeln!(f, "The game knows only port 443 (80 with its Localhost setting). One of these helps:")?;
    writeln!(f, "  - allow this program, again after every update, and start it again:")?;
    writeln!(f, "        sudo setcap cap_net_bind_service=+ep '{}'", program.display())?;
    writeln!(f, "  - under systemd, in the [Service] part of its unit:")?;
    writeln!(f, "        AmbientCapabilities=CAP_NET_BIND_SERVICE")?;
    writeln!(f, "  - allow every program of this machine the ports from 80, until it restarts:")?;
    writeln!(f, "        sudo sysctl net.ipv4.ip_unprivileged_port_start=80")?;
    writeln!(f, "  - leave it, and let the router or a firewall rule forward the port to this one:")?;
    for (wanted, got) in denied {
        writeln!(
            f,
            "        sudo iptables -t nat -A PREROUTING -p tcp --dport {wanted} -j REDIRECT --to-ports {got}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(addresses: &[&str], https: &str, instead_of: Option<u16>) -> Setup {
        Setup {
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            public_address: None,
            http: None,
            https: Some(Place { address: https.parse().unwrap(), instead_of }),
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
    fn the_page_for_players_is_named_where_it_is() {
        let with_http = |address: &str, instead_of, has_page| {
            let http = Some(Place { address: address.parse().unwrap(), instead_of });
            Setup { http, has_page, ..setup(&["192.168.1.20"], "[::]:443", None) }.to_string()
        };
        assert!(with_http("[::]:80", None, true).contains("http://192.168.1.20/ has scripts"));
        assert!(with_http("[::]:8080", Some(80), true).contains("http://192.168.1.20:8080/ has scripts"));
        assert!(!with_http("[::]:80", None, false).contains("has scripts"));
        assert!(!with_http("127.0.0.1:8080", None, true).contains("has scripts"));
        assert!(!setup(&["192.168.1.20"], "[::]:443", None).to_string().contains("has scripts"));
    }

    #[test]
    fn the_hosts_lines_name_an_ipv4_address() {
        let text = setup(&["2001:db8::5", "192.168.1.20", "10.0.0.7"], "[::]:443", None).to_string();
        for host in GAME_HOSTS {
            assert!(text.contains(&format!("\n    192.168.1.20 {host}\n")), "{text}");
        }
        assert!(text.contains("This machine also has 2001:db8::5, 10.0.0.7."), "{text}");
        assert!(text.contains(r"C:\Windows\System32\drivers\etc\hosts"));
        assert!(text.contains("m_serverEnvironment"));
        assert!(text.contains("/data\n") && text.contains("/etc/mmcos.toml\n"));
        assert!(!text.contains("setcap"));
        assert!(text.lines().all(|line| line.len() <= 110), "{text}");
    }

    #[test]
    fn the_only_address_that_it_listens_on_is_shown() {
        let text = setup(&["192.168.1.20"], "10.1.1.1:443", None).to_string();
        assert!(text.contains("    10.1.1.1 mmcos.codemasters.com\n"), "{text}");
        assert!(!text.contains("192.168.1.20"), "nobody can reach it there: {text}");
        assert!(setup(&[], "[::]:443", None).to_string().contains("    ADDRESS-OF-THIS-MACHINE mmcos."));
    }

    #[test]
    fn the_address_that_the_host_or_the_visitor_named_comes_first() {
        let setup = Setup {
            public_address: Some([203, 0, 113, 5].into()),
            ..setup(&["192.168.1.20"], "[::]:443", None)
        };
        let text = setup.to_string();
        assert!(text.contains("    203.0.113.5 mmcos.codemasters.com\n"), "{text}");
        assert!(text.contains("This machine also has 192.168.1.20."), "{text}");
        for (host, expected) in [
            ("192.168.1.20", "192.168.1.20"),
            ("192.168.1.20:8080", "192.168.1.20"),
            ("[2001:db8::5]", "2001:db8::5"),
            ("[2001:db8::5]:443", "2001:db8::5"),
            ("127.0.0.1:80", "203.0.113.5"),
            ("mmcos.codemasters.com", "203.0.113.5"),
            ("<b>", "203.0.113.5"),
            ("", "203.0.113.5"),
        ] {
            let address = setup.for_visitor(host).players_address().unwrap();
            assert_eq!(address.to_string(), expected, "{host}");
        }
    }

    #[test]
    fn a_denied_port_comes_with_advice() {
        let mut setup = setup(&["192.168.1.20"], "[::]:8443", Some(443));
        setup.http = Some(Place { address: "[::]:8080".parse().unwrap(), instead_of: Some(80) });
        let text = setup.to_string();
        for advice in [
            "may not use port 443, so it listens on 8443",
            "may not use port 80, so it listens on 8080",
            "setcap cap_net_bind_service=+ep",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
            "ip_unprivileged_port_start=80",
            "--dport 443 -j REDIRECT --to-ports 8443",
        ] {
            assert!(text.contains(advice), "{advice}");
        }
    }
}
