//! Findings of `doctor`.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use mmcos_core::game::Game as _;
use mmcos_game::{Hour, IdentityPolicy, Mmcos, Record, Settings};
use mmcos_std::config::{Loaded, Sources};
use mmcos_std::data_dir::DataDir;
use mmcos_std::doctor::{Report, Unwell, Verdict, examine};
use mmcos_std::host::Host;
use mmcos_std::store::{Commit as _, Database as _, Store};

use super::toy_game::Duel;
use super::{Scratch, load};

fn loaded(dir: &DataDir, flags: &[(&str, &str)]) -> Loaded<Settings> {
    let data_dir = dir.path().display().to_string();
    load(dir, &[&[("data-dir", data_dir.as_str())], flags].concat())
}

fn findings(report: &Report, about: &str) -> Vec<(Verdict, String)> {
    let about_it = report.findings.iter().filter(|finding| finding.about == about);
    about_it.map(|finding| (finding.verdict, finding.text.clone())).collect()
}

fn only(report: &Report, about: &str) -> (Verdict, String) {
    let [finding] = findings(report, about).try_into().unwrap();
    finding
}

/// Returns a port that is free now.
fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

#[test]
fn a_fresh_host_is_well_and_stays_untouched() {
    let Scratch(dir) = &Scratch::new("doctor-fresh");
    let free = free_port().to_string();
    let report = examine::<Mmcos>(&loaded(dir, &[("http", "off"), ("https", &free)]));
    assert_eq!(report.verdict(), Ok(()), "{report}");
    assert!(only(&report, "store").1.contains("does not exist yet"));
    assert!(only(&report, "certificate").1.contains("does not exist yet"));
    let [(_, free), (verdict, forward)] = findings(&report, "https").try_into().unwrap();
    assert!(free.contains("is free"), "{free}");
    assert!(verdict == Verdict::Warning && forward.contains("connect to port 443"), "{forward}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(report.to_string().lines().all(|line| line.len() <= 130), "{report}");
    assert!(report.to_string().contains("\nok       identity      players need"), "{report}");
}

#[test]
fn a_host_whose_server_has_started_is_well() {
    let Scratch(dir) = &Scratch::new("doctor-started");
    let config = loaded(dir, &[("http", "0"), ("https", "0")]);
    let _host = Host::<Mmcos>::start(&config).unwrap();
    // The port has a listener, but no server yet.
    std::fs::remove_file(dir.file("running.toml")).unwrap();
    let report = examine::<Mmcos>(&config);
    assert_eq!(report.verdict(), Ok(()), "{report}");
    assert!(only(&report, "store").1.contains("undamaged, with 0 players"));
    let certificates = findings(&report, "certificate");
    assert_eq!(certificates.len(), 2);
    assert!(
        certificates.iter().all(|(verdict, text)| *verdict == Verdict::Ok && text.contains("is valid until"))
    );
}

#[test]
fn a_port_that_a_stranger_has_is_a_problem() {
    let Scratch(dir) = &Scratch::new("doctor-stranger");
    let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = stranger.local_addr().unwrap().to_string();
    let closes = std::thread::spawn(move || drop(stranger.accept().unwrap()));
    let report = examine::<Mmcos>(&loaded(dir, &[("http", &address), ("https", "off")]));
    closes.join().unwrap();
    let (verdict, text) = findings(&report, "http").remove(0);
    assert!(verdict == Verdict::Problem && text.contains("is not mmcos"), "{text}");
    assert_eq!(report.verdict().unwrap_err().to_string(), "1 problem found, see above");
}

#[test]
fn a_stranger_at_the_listener_for_operators_is_not_taken_for_this_server() {
    let Scratch(dir) = &Scratch::new("doctor-admin");
    let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = stranger.local_addr().unwrap().to_string();
    let answers = std::thread::spawn(move || {
        let (mut client, _) = stranger.accept().unwrap();
        assert!(client.read(&mut [0; 1024]).unwrap() > 0);
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nbroken token").unwrap();
    });
    let flags = [("http", "off"), ("https", "0"), ("admin-listen", &*address)];
    let report = examine::<Mmcos>(&loaded(dir, &flags));
    answers.join().unwrap();
    let (verdict, text) = only(&report, "admin-listen");
    assert!(verdict == Verdict::Problem && text.contains("is not mmcos"), "{text}");
}

#[test]
fn no_listener_at_all_is_a_problem() {
    let Scratch(dir) = &Scratch::new("doctor-off");
    let report = examine::<Mmcos>(&loaded(dir, &[("http", "off"), ("https", "off")]));
    assert_eq!(only(&report, "ports").0, Verdict::Problem);
}

/// A game that cannot be played on the server's PC is not told of a way to do so.
#[test]
fn without_https_the_advice_is_that_of_the_game() {
    let Scratch(dir) = &Scratch::new("doctor-https-off");
    let off = [("http", "0"), ("https", "off")];
    let (verdict, text) = only(&examine::<Mmcos>(&loaded(dir, &off)), "https");
    assert!(
        verdict == Verdict::Warning && text.contains(Mmcos::INFO.page.same_pc.trim_end_matches('.')),
        "{text}"
    );
    let flags = off.iter().chain(&[("data-dir", "d")]).map(|(name, value)| ((*name).into(), (*value).into()));
    let sources = Sources { flags: flags.collect(), directory: dir.path().to_owned(), ..Sources::default() };
    let report = examine::<Duel>(&sources.load::<Duel>().unwrap());
    let (_, text) = only(&report, "https");
    assert_eq!(
        text,
        "off: games must connect through a proxy. To let games on other PCs connect directly, set https = \"443\"."
    );
    assert_eq!(findings(&report, "hosts file"), []);
    assert!(!report.to_string().contains("season"), "{report}");
}

#[test]
fn damaged_files_are_problems_that_name_them() {
    let Scratch(dir) = &Scratch::new("doctor-damaged");
    dir.write("mmcos.db", b"no database, but long enough to look like one: ".repeat(40).as_slice()).unwrap();
    dir.write("certificate-rsa.pem", b"no certificate").unwrap();
    let free = free_port().to_string();
    let report = examine::<Mmcos>(&loaded(dir, &[("http", "off"), ("https", &free)]));
    for (about, file) in [("store", "mmcos.db"), ("certificate", "certificate-rsa.pem")] {
        let (verdict, text) = only(&report, about);
        assert!(verdict == Verdict::Problem && text.contains(file), "{text}");
    }
    assert_eq!(report.verdict(), Err(Unwell { problems: 2 }), "{report}");
}

#[test]
fn a_webhook_is_named_by_its_host_and_sent_nothing() {
    let Scratch(dir) = &Scratch::new("doctor-notify");
    let off = [("http", "off"), ("https", "0")];
    assert_eq!(findings(&examine::<Mmcos>(&loaded(dir, &off)), "notify-url"), []);
    let webhook = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/hooks/s3cret", webhook.local_addr().unwrap());
    let report = examine::<Mmcos>(&loaded(dir, &[&off[..], &[("notify-url", &url)]].concat()));
    let expected = "messages go to 127.0.0.1; to test: `mmcos notify-test`";
    assert_eq!(only(&report, "notify-url"), (Verdict::Ok, expected.to_owned()));
    assert!(!report.to_string().contains("s3cret"));
    webhook.set_nonblocking(true).unwrap();
    assert!(webhook.accept().is_err());
}

#[test]
fn a_preset_is_recommended_by_the_hours_at_which_people_play() {
    let Scratch(dir) = &Scratch::new("doctor-preset");
    let config = loaded(dir, &[("http", "off"), ("https", "0")]);
    let hour = |hour| Record::Hour(Hour { hour, weeks: 2, players: 10 });
    let hours: Vec<Record> = (0..9).map(hour).collect();
    let mut store = Store::<Record>::open(dir).unwrap();
    store.commit(&hours[..4]).unwrap();
    assert_eq!(findings(&examine::<Mmcos>(&config), "preset"), [], "too few hours");
    store.commit(&hours).unwrap();
    let (verdict, text) = only(&examine::<Mmcos>(&config), "preset");
    assert_eq!(verdict, Verdict::Warning);
    assert!(
        text.starts_with("5.0 players are online on average") && text.contains("preset = \"friends\""),
        "{text}"
    );
    // A value that was set on the dashboard counts.
    store.commit(&[Record::Setting { name: "preset".into(), value: Some("friends".into()) }]).unwrap();
    assert_eq!(only(&examine::<Mmcos>(&config), "preset").0, Verdict::Ok);
}

#[test]
fn trust_in_names_alone_is_a_warning() {
    let settings = Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().unwrap() };
    assert_eq!(Mmcos::examine(&settings).first().unwrap().verdict, Verdict::Warning);
}
