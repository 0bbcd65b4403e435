//! Two servers on one database behind `HAProxy`, with both configurations of `packaging/haproxy`, where Debian's
//! packages `postgresql` and `haproxy` are installed.

use std::{
    env, fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    conformance::conforms,
    killed::{FAULTS, HISTORY, PLAYERS, Player, arguments},
};
use crate::blackbox::{
    rig::{
        caller::STATUS,
        client::Client,
        cluster::Cluster,
        player::{Mode, Player as Searcher, RACE},
        process::{Scratch, Server},
        tls,
    },
    sockets::proxied::connect_from,
};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime-smol/packaging/haproxy");
/// A request for the operator's view, which clients outside of `admin-networks` may not send.
const STATE: &[u8] = b"GET /api/v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// Time after which a standby may lead, in seconds.
const LEASE: f64 = 5.0;

/// Addresses of a server, or of the proxy.
#[derive(Clone, Copy)]
struct Place {
    http: SocketAddr,
    https: SocketAddr,
}

impl Place {
    fn free() -> Self {
        let [http, https] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        Self { http: http.local_addr().unwrap(), https: https.local_addr().unwrap() }
    }
}

/// `HAProxy` before two servers. It is killed on drop.
struct Proxy {
    child: Child,
    place: Place,
    _scratch: Scratch,
}

impl Proxy {
    /// Starts it with a file of the packaging, with other addresses and this certificate.
    fn start(file: &str, [one, two]: [Place; 2], certificate: &Path) -> Self {
        let (scratch, place) = (Scratch::new(), Place::free());
        let pem = scratch.0.join("mmcos.pem");
        fs::copy(certificate, &pem).unwrap();
        let mut text = fs::read_to_string(Path::new(FILES).join(file)).unwrap();
        for (published, here) in [
            ("192.0.2.1:443 port 80", format!("{} port {}", one.https, one.http.port())),
            ("192.0.2.2:443 port 80", format!("{} port {}", two.https, two.http.port())),
            ("192.0.2.1:80", one.http.to_string()),
            ("192.0.2.2:80", two.http.to_string()),
            ("bind :443", format!("bind {}", place.https)),
            ("bind :80", format!("bind {}", place.http)),
            ("/etc/haproxy/mmcos.pem", pem.display().to_string()),
            ("maxconn 20000", "maxconn 1500".to_owned()),
        ] {
            text = text.replace(published, &here);
        }
        assert!(!text.contains("192.0.2.") && !text.contains(" :"), "{text}");
        let config = scratch.0.join("haproxy.cfg");
        fs::write(&config, text).unwrap();
        let mut command = Command::new(haproxy().unwrap());
        command.arg("-db").arg("-f").arg(config).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A server counts as ready until two checks have failed.
        thread::sleep(Duration::from_secs(3));
        Self { child, place, _scratch: scratch }
    }

    /// Waits until it passes requests on.
    fn serves(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        while !is_served(self.place.http) {
            assert!(Instant::now() < until, "HAProxy passes nothing on");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn haproxy() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let sbin = Path::new("/usr/sbin").to_owned();
    env::split_paths(&path).chain([sbin]).map(|place| place.join("haproxy")).find(|place| place.exists())
}

/// Returns true if a new client gets the server's status there.
fn is_served(address: SocketAddr) -> bool {
    let Ok(tcp) = TcpStream::connect(address) else { return false };
    tcp.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut client = Client::plain_over(tcp);
    client.try_send(STATUS).is_ok() && client.try_answer().is_ok_and(|answer| answer.status == 200)
}

/// Starts a server for this place, with the key of the first one. Returns when it leads.
fn start(place: Place, key: Option<&[u8]>, url: &str) -> Server {
    let scratch = Scratch::new();
    if let Some(key) = key {
        fs::create_dir(scratch.data()).unwrap();
        // Tokens hold where servers share the key.
        fs::write(scratch.data().join("server.key"), key).unwrap();
    }
    let https = place.https.to_string();
    let here = ["--https", &https, "--trusted-proxies", "127.0.0.1", "--admin-networks", "127.0.0.2"];
    let searches = ["--poll-seconds", "3", "--gather-seconds", "0.5"];
    Server::start_at(scratch, place.http, &[&arguments(url), &here[..], &searches].concat())
}

#[test]
fn tls_that_is_passed_on_with_the_proxy_protocol() {
    play_and_take_over("passing.cfg");
}

#[test]
fn tls_that_ends_at_the_proxy() {
    play_and_take_over("opening.cfg");
}

/// Kills and pauses leaders by turns: two, or as many as `MMCOS_TAKEOVERS` says.
fn play_and_take_over(file: &str) {
    let Some(cluster) = Cluster::shared() else { return };
    if haproxy().is_none() {
        return eprintln!("skipped: HAProxy is not installed");
    }
    let url = &cluster.database();
    let places = [Place::free(), Place::free()];
    let mut leader = start(places[0], None, url);
    cluster.sql(url, HISTORY);
    let key = &fs::read(leader.data().join("server.key")).unwrap();
    let proxy = Proxy::start(file, places, &leader.data().join("certificate-rsa.pem"));
    proxy.serves();
    let Place { http, https } = proxy.place;
    conforms(|| Ok(Client::tls(https, &tls::game())));
    for (from, status) in [("127.0.0.2", 401), ("127.0.0.3", 403)] {
        for is_tls in [false, true] {
            let tcp = connect_from(from, if is_tls { https } else { http });
            let mut client =
                if is_tls { Client::tls_over(tcp, &tls::game()) } else { Client::plain_over(tcp) };
            assert_eq!(client.ask(STATE).status, status, "{from}");
        }
    }

    let rounds = env::var("MMCOS_TAKEOVERS").map_or(2, |rounds| rounds.parse().unwrap());
    let mut players: Vec<Player> = (1..=PLAYERS).map(Player::new).collect();
    let mut gaps = Vec::new();
    for round in 0..rounds {
        let pauses = round % 2 == 1;
        let next = places[(round + 1) % 2];
        let (is_over, served) = (AtomicBool::new(false), Mutex::new(None));
        leader = thread::scope(|scope| {
            let standby = scope.spawn(move || start(next, Some(key), url));
            for player in &mut players {
                scope.spawn(move || player.play(http));
            }
            thread::sleep(Duration::from_millis(1500));
            leader.signal(if pauses { "-STOP" } else { "-KILL" });
            let begun = Instant::now();
            let (is_over, served) = (&is_over, &served);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    if is_served(http) {
                        served.lock().unwrap().get_or_insert(begun.elapsed());
                        return;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            });
            let Ok(next) = standby.join() else {
                // The thread above would wait for a server for ever.
                is_over.store(true, Ordering::Relaxed);
                panic!("the next server did not start");
            };
            if pauses {
                leader.signal("-CONT");
            }
            assert!(!leader.end().success(), "it has lost the lease");
            proxy.serves();
            thread::sleep(Duration::from_millis(100));
            is_over.store(true, Ordering::Relaxed);
            next
        });
        gaps.push(served.into_inner().unwrap().unwrap().as_secs_f64());
        for player in &mut players {
            // A game tries again too.
            let is_checked = (0..40).any(|_| {
                let checked = player.check(http);
                if let Err(error) = &checked {
                    eprintln!("{error}");
                    thread::sleep(Duration::from_millis(500));
                }
                checked.is_ok()
            });
            assert!(is_checked, "no response to a player");
        }
    }
    assert_eq!(cluster.sql(url, FAULTS), "0", "one leads at a time");
    let races: i32 = players.iter().map(Player::races).sum();
    gaps.sort_by(f64::total_cmp);
    let (first, last) = (gaps.first().unwrap(), gaps.last().unwrap());
    let median = gaps[gaps.len() / 2];
    eprintln!(
        "{file}: {rounds} take-overs, {races} races, served again after {first:.1} to {last:.1} s ({median:.1})"
    );
    assert!(*last < LEASE + 5.0, "{gaps:?}");
    assert!(races > 4 * i32::try_from(rounds).unwrap(), "this was no load: {races} races");
}

/// Returns the resident memory of a process, in kB.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Memory of proxy and server for each search that is held over TLS.
#[test]
#[ignore = "a measurement"]
fn searches_held_behind_haproxy() {
    const HELD: u32 = 1000;
    for file in ["passing.cfg", "opening.cfg"] {
        let places = [Place::free(), Place::free()];
        let https = places[0].https.to_string();
        let limits = ["--max-connections-per-address", "4096", "--requests-per-second", "0"];
        let here = ["--https", &https, "--trusted-proxies", "127.0.0.1", "--poll-seconds", "60"];
        let server = Server::start_at(Scratch::new(), places[0].http, &[&limits[..], &here].concat());
        let proxy = Proxy::start(file, places, &server.data().join("certificate-rsa.pem"));
        proxy.serves();
        let measure = || [proxy.child.id(), server.id()].map(resident);
        let before = measure();
        let searchers: Vec<Searcher> = (1..=HELD)
            .map(|number| {
                let mut searcher = Searcher::new(proxy.place.https, number);
                // Each in a mode of its own, so that they do not meet.
                searcher.search(Mode { version: number, ..RACE });
                searcher
            })
            .collect();
        server.settle();
        let after = measure();
        let [proxy, server] = [0, 1].map(|at| (after[at] - before[at]) * 1024 / u64::from(HELD));
        eprintln!("{file}: {proxy} bytes of HAProxy and {server} of mmcos for each of {HELD} searches");
        drop(searchers);
    }
}
