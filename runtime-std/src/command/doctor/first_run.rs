//! Findings of a server about its own host, for the checklist on the dashboard. Nothing here waits for a network.

use mmcos_core::calendar::Date;
use mmcos_core::info::Info;
use mmcos_core::seam::Wall;

use super::{Finding, data, notifications};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::host::program::name as program;
use crate::setup::{Place, Setup};

/// File of the data directory with the time of the last backup, in seconds since 1970.
const LAST_BACKUP: &str = "last-backup";
/// Age from which the last backup is too old, in seconds.
const OLD_BACKUP: i64 = 8 * 86_400;

/// Returns what a new server needs, and what of it is done.
pub(crate) fn examine(info: &Info, config: &Config, setup: &Setup, dir: &DataDir, now: Wall) -> Vec<Finding> {
    let webhook = notifications(config).unwrap_or_else(|| {
        let text = "no message goes out while a player waits: set notify-url in the configuration, for example to a \
                    webhook of your Discord channel.";
        Finding::warning("notify-url", text)
    });
    let mut findings = vec![ports(setup), address(setup)];
    findings.extend(data::certificates(info, Some(dir), config, now));
    findings.extend([webhook, backups(dir, now)]);
    findings
}

fn ports(setup: &Setup) -> Finding {
    match setup.https {
        Some(Place { address, instead_of: Some(wanted) }) => {
            let program = std::env::current_exe().unwrap_or_else(|_| program().into());
            Finding::problem(
                "ports",
                format!(
                    "games cannot connect: this server may not use port {wanted}, so it listens on {}. Stop it, run \
                     sudo setcap cap_net_bind_service=+ep '{}', and start it again.",
                    address.port(),
                    program.display()
                ),
            )
        }
        Some(Place { address, .. }) if address.port() != 443 => Finding::warning(
            "ports",
            format!(
                "games connect to port 443, and this server listens on {address}: forward port 443 to it."
            ),
        ),
        Some(_) => Finding::ok(
            "ports",
            "games can connect to port 443. For players on the internet, the router must forward TCP ports 443 and 80 \
             to this machine",
        ),
        None => Finding::warning(
            "ports",
            "games need TLS on port 443, and https is off: a proxy must take their connections.",
        ),
    }
}

fn address(setup: &Setup) -> Finding {
    let addresses = setup.visitor_addresses();
    match (&addresses.public, addresses.own.first()) {
        (Some(public), _) => Finding::ok("address", format!("players use {public} (public-address)")),
        (None, None) => Finding::warning(
            "address",
            "this machine has no network: connect it, or set public-address to the address that players use.",
        ),
        (None, Some(own)) => Finding::ok(
            "address",
            format!(
                "players in your network use {own}. For players on the internet, set public-address to the public \
                 address of your router"
            ),
        ),
    }
}

fn backups(dir: &DataDir, now: Wall) -> Finding {
    let advice = format!(
        "run `{} backup FILE` every day, and keep the files on another machine. This line is as of the \
         server's start.",
        program()
    );
    let made = dir.read(LAST_BACKUP).ok().flatten();
    let made: Option<i64> = made.and_then(|bytes| String::from_utf8(bytes).ok()?.trim().parse().ok());
    let Some(made) = made else {
        return Finding::warning(
            "backups",
            format!("no backup has been made yet, apart from copies in the data directory: {advice}"),
        );
    };
    let Date { year, month, day } = Date::of(Wall::from_secs(made));
    let last = format!("the last one is of {year}-{month:02}-{day:02}");
    if now.as_secs().saturating_sub(made) > OLD_BACKUP {
        Finding::warning("backups", format!("{last}: {advice}"))
    } else {
        Finding::ok("backups", last)
    }
}

/// Notes that a backup has been made. An error costs no more than a line of the checklist.
pub(crate) fn note_backup(dir: &DataDir, now: Wall) {
    if let Err(error) = dir.write(LAST_BACKUP, format!("{}\n", now.as_secs()).as_bytes()) {
        log::warn!("the dashboard will not know of this backup: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::tests::Scratch;
    use crate::host::program::tests::GAME;
    use mmcos_core::game::Verdict;

    fn setup(https: Option<(&str, Option<u16>)>) -> Setup {
        let https =
            https.map(|(address, instead_of)| Place { address: address.parse().unwrap(), instead_of });
        Setup {
            info: &GAME,
            addresses: vec!["192.168.1.20".parse().unwrap()],
            public_address: None,
            http: None,
            https,
            admin: None,
            data_dir: "/data".into(),
            config_file: None,
            has_page: true,
        }
    }

    #[test]
    fn ports_that_games_do_not_find_come_with_what_to_do() {
        for (https, verdict, text) in [
            (Some(("[::]:443", None)), Verdict::Ok, "the router must forward TCP ports 443 and 80"),
            (Some(("[::]:8443", Some(443))), Verdict::Problem, "sudo setcap cap_net_bind_service=+ep"),
            (Some(("[::]:8443", None)), Verdict::Warning, "forward port 443 to it"),
            (None, Verdict::Warning, "a proxy must take their connections"),
        ] {
            let found = ports(&setup(https));
            assert!(found.verdict == verdict && found.text.contains(text), "{found:?}");
        }
    }

    #[test]
    fn an_address_is_named_and_a_public_one_first() {
        let mut setup = setup(Some(("[::]:443", None)));
        assert!(address(&setup).text.contains("use 192.168.1.20. For players on the internet"));
        setup.public_address = "race.example.org".parse().ok();
        assert!(address(&setup).text.contains("use race.example.org"));
        setup.public_address = None;
        setup.addresses.clear();
        assert_eq!(address(&setup).verdict, Verdict::Warning);
    }

    #[test]
    fn a_backup_is_known_until_it_is_old() {
        let Scratch(dir) = &Scratch::new("first-run");
        let now = Wall::from_secs(1_800_000_000);
        let found = |days: i64| backups(dir, Wall::from_secs(now.as_secs() + days * 86_400));
        assert!(found(0).text.contains("no backup has been made yet"), "{:?}", found(0));
        note_backup(dir, now);
        assert_eq!(
            (found(1).verdict, found(1).text.as_str()),
            (Verdict::Ok, "the last one is of 2027-01-15")
        );
        assert!(found(9).verdict == Verdict::Warning && found(9).text.contains("every day"));
    }
}
