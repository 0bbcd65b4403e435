use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use mmcos_game::{IdentityPolicy, Mmcos, Settings};

use super::*;
use crate::config::Sources;
use crate::data_dir::DataDir;
use crate::data_dir::tests::Scratch;
use crate::host::Host;
use crate::program::tests::GAME;

fn loaded(dir: &DataDir, flags: &[(&str, &str)]) -> Loaded<Settings> {
    let data_dir = dir.path().display().to_string();
    let flags = [("data-dir", data_dir.as_str())].into_iter().chain(flags.iter().copied());
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Sources { flags, directory: dir.path().to_owned(), ..Sources::default() }.load::<Mmcos>().unwrap()
}

fn findings(report: &Report, about: &str) -> Vec<(Verdict, String)> {
    let about_it = report.findings.iter().filter(|finding| finding.about == about);
    about_it.map(|finding| (finding.verdict, finding.text.clone())).collect()
}

fn only(report: &Report, about: &str) -> (Verdict, String) {
    let [finding] = findings(report, about).try_into().unwrap();
    finding
}

/// A port that is free now.
fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

#[test]
fn a_fresh_host_is_well_and_stays_untouched() {
    let Scratch(dir) = &Scratch::new("doctor-fresh");
    let free = free_port().to_string();
    let report = examine::<Mmcos>(&loaded(dir, &[("http", "off"), ("https", &free)]));
    assert_eq!(report.verdict(), Ok(()), "{report}");
    assert!(only(&report, "store").1.contains("not there yet"));
    assert!(only(&report, "certificate").1.contains("not there yet"));
    let [(_, free), (verdict, forward)] = findings(&report, "https").try_into().unwrap();
    assert!(free.contains("is free"), "{free}");
    assert!(verdict == Verdict::Warning && forward.contains("port 443 alone"), "{forward}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(report.to_string().lines().all(|line| line.len() <= 130), "{report}");
    assert!(report.to_string().contains("\nok       identity      players need"), "{report}");
}

#[test]
fn a_host_whose_server_has_started_is_well() {
    let Scratch(dir) = &Scratch::new("doctor-started");
    let config = loaded(dir, &[("http", "0"), ("https", "0")]);
    let _host = Host::<Mmcos>::start(&config).unwrap();
    // It listens, and nothing serves yet.
    std::fs::remove_file(dir.file("running.toml")).unwrap();
    let report = examine::<Mmcos>(&config);
    assert_eq!(report.verdict(), Ok(()), "{report}");
    assert!(only(&report, "store").1.contains("whole; it keeps 0 players"));
    let certificates = findings(&report, "certificate");
    assert_eq!(certificates.len(), 2);
    assert!(
        certificates.iter().all(|(verdict, text)| *verdict == Verdict::Ok && text.contains("holds until"))
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
    assert_eq!(report.verdict().unwrap_err().to_string(), "1 problem to mend, see above");
}

#[test]
fn no_listener_at_all_is_a_problem() {
    let Scratch(dir) = &Scratch::new("doctor-off");
    let report = examine::<Mmcos>(&loaded(dir, &[("http", "off"), ("https", "off")]));
    assert_eq!(only(&report, "ports").0, Verdict::Problem);
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
#[cfg(unix)]
fn a_key_that_others_may_read_is_a_problem() {
    use std::os::unix::fs::PermissionsExt as _;
    let Scratch(dir) = &Scratch::new("doctor-modes");
    dir.write("server.key", &[0; 32]).unwrap();
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let problems = || data::directory(dir).iter().filter(|it| it.verdict == Verdict::Problem).count();
    assert_eq!(problems(), 0);
    open(&dir.file("server.key"), 0o644);
    assert_eq!(problems(), 0, "nobody else gets at it");
    open(dir.path(), 0o755);
    assert_eq!(problems(), 1);
    open(dir.path(), 0o777);
    assert_eq!(problems(), 2);
}

#[test]
fn trust_and_a_clock_that_is_not_set_are_said() {
    let settings = Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().unwrap() };
    assert_eq!(Mmcos::examine(&settings).first().unwrap().verdict, Verdict::Warning);
    let unset = mmcos_core::seam::Wall::from_secs(0);
    assert_eq!(machine::clock(unset).verdict, Verdict::Problem);
}

#[test]
fn the_hosts_file_is_judged_by_where_it_leads() {
    let judge = |text: &str| {
        let finding = machine::judge(&GAME, Path::new("hosts"), text, |address| address.is_loopback());
        (finding.verdict, finding.text)
    };
    assert!(judge("127.0.0.1 localhost\n# 1.2.3.4 stats.example.com\n").1.contains("does not name"));
    let all = "127.0.0.1 game.example.com\n::1 STATS.example.com # here\n";
    assert!(judge(all).1.contains("to this server"));
    let (verdict, text) = judge("127.0.0.1 game.example.com\n");
    assert!(verdict == Verdict::Warning && text.contains("not stats.example.com"), "{text}");
    let (verdict, text) = judge(&format!("{all}9.9.9.9 stats.example.com"));
    assert!(verdict == Verdict::Warning && text.contains("to 9.9.9.9 for stats"), "{text}");
}

#[test]
fn a_webhook_is_named_by_its_host_and_sent_nothing() {
    let Scratch(dir) = &Scratch::new("doctor-notify");
    let off = [("http", "off"), ("https", "0")];
    assert_eq!(findings(&examine::<Mmcos>(&loaded(dir, &off)), "notify-url"), []);
    let webhook = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/hooks/s3cret", webhook.local_addr().unwrap());
    let report = examine::<Mmcos>(&loaded(dir, &[&off[..], &[("notify-url", &url)]].concat()));
    let expected = "127.0.0.1 is told the news; `mmcos notify-test` tries it";
    assert_eq!(only(&report, "notify-url"), (Verdict::Ok, expected.to_owned()));
    assert!(!report.to_string().contains("s3cret"));
    webhook.set_nonblocking(true).unwrap();
    assert!(webhook.accept().is_err());
}
