//! The data directory, the store, the certificates.

use mmcos_core::calendar::Date;
use mmcos_core::game::Game;
use mmcos_core::info::Info;
use mmcos_core::row::Row as _;
use mmcos_core::seam::Wall;

use super::Finding;
use crate::certificate::{self, Description};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::store::Place;

pub(super) fn examine<G: Game>(config: &Config, game: &G::Settings, now: Wall) -> Vec<Finding> {
    let info = &G::INFO;
    match DataDir::find(&config.data_dir) {
        Ok(Some(dir)) => {
            let mut findings = directory(&dir);
            findings.extend(store::<G>(&config.store.of(dir.clone()), game, now));
            findings.extend(certificates(info, Some(&dir), config, now));
            findings
        }
        Ok(None) => {
            let text = format!("{} does not exist yet: the first start makes it", config.data_dir.display());
            let mut findings = vec![Finding::ok("data", text)];
            findings.extend(certificates(info, None, config, now));
            findings
        }
        Err(error) => {
            vec![Finding::problem("data", format!("{error}: run this as that user, or with sudo."))]
        }
    }
}

/// Examines the permissions of the directory and its free space.
pub(super) fn directory(dir: &DataDir) -> Vec<Finding> {
    let found = Finding::ok("data", dir.path().display().to_string());
    [found].into_iter().chain(system::findings(dir)).collect()
}

fn store<G: Game>(place: &Place, game: &G::Settings, now: Wall) -> Vec<Finding> {
    let (mut found, mut records) = (None, Vec::new());
    let look = |record| {
        if found.is_none() {
            found = G::examine_record(&record, now);
        }
        if G::informs(&record) {
            records.push(record);
        }
    };
    let health = match place.examine::<G::Record>(now, look) {
        Ok(None) => return vec![Finding::ok("store", "does not exist yet: the first start makes it")],
        Ok(Some(health)) => health,
        Err(error) => return vec![Finding::problem("store", format!("{error}."))],
    };
    let advice = G::advise(game, &records);
    let found = found.unwrap_or_else(|| match place.examine_writing(G::Record::SCHEMA) {
        Ok(()) => {
            Finding::ok("store", format!("undamaged, with {} {}", health.count, G::Record::SCHEMA.counted))
        }
        Err(error) => Finding::problem("store", format!("it cannot be written at the moment: {error}.")),
    });
    [found].into_iter().chain(advice).collect()
}

pub(super) fn certificates(info: &Info, dir: Option<&DataDir>, config: &Config, now: Wall) -> Vec<Finding> {
    if config.https.is_none() {
        return Vec::new();
    }
    match certificate::describe(dir, config.certificate.as_deref(), config.key.as_deref()) {
        Ok(found) if found.is_empty() => {
            vec![Finding::ok("certificate", "does not exist yet: the first start makes one")]
        }
        Ok(found) => found.iter().map(|description| certificate(info, description, now)).collect(),
        Err(error) => vec![Finding::problem("certificate", format!("{error}."))],
    }
}

fn certificate(info: &Info, description: &Description, now: Wall) -> Finding {
    let Description { path, validity, names, ours } = description;
    let Date { year, month, day } = Date::of(validity.not_after);
    let holds = format!("{} is valid until {year}-{month:02}-{day:02}", path.display());
    let named = |host: &&str| names.iter().any(|name| name == *host);
    let missing: Vec<&str> = info.hosts.iter().copied().filter(|host| !named(host)).collect();
    let trouble = match (validity.is_due(now), *ours) {
        (true, true) => "start the server, which renews it".to_owned(),
        (true, false) => {
            "it expires soon, has expired, or is not valid yet. Renew it; the server loads the new one within an \
             hour"
                .to_owned()
        }
        (false, _) if missing.is_empty() => return Finding::ok("certificate", holds),
        (false, _) => format!(
            "it does not name {}. If the game rejects it, leave certificate and key empty, and the server makes one \
             that does",
            missing.join(", ")
        ),
    };
    Finding::warning("certificate", format!("{holds}: {trouble}."))
}

#[cfg(not(unix))]
mod system {
    use super::{DataDir, Finding};

    /// Returns no findings: the system warns in its own dialogs.
    pub(super) fn findings(_: &DataDir) -> Vec<Finding> {
        Vec::new()
    }
}

#[cfg(unix)]
mod system {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use super::{DataDir, Finding};
    use crate::host::secret;

    /// Backups, migrations and the store's write-ahead log need about as much as the store itself.
    const ROOM: u64 = 200 * MEGABYTE;
    const NO_ROOM: u64 = 10 * MEGABYTE;
    const MEGABYTE: u64 = 1_000_000;

    pub(super) fn findings(dir: &DataDir) -> Vec<Finding> {
        permissions(dir).into_iter().chain([free_space(dir)]).collect()
    }

    /// Examines which other users can read or write files of the server.
    fn permissions(dir: &DataDir) -> Vec<Finding> {
        let path = dir.path().display();
        let mut findings = Vec::new();
        let mode = |name| fs::metadata(dir.file(name)).map_or(0, |data| data.mode() & 0o777);
        if mode("") & 0o022 != 0 {
            let text = format!("other users may change the files in {path}: sudo chmod 700 '{path}'");
            findings.push(Finding::problem("data", text));
        }
        for (name, harm) in [
            (secret::FILE, "act as any player"),
            ("certificate-rsa.pem", "impersonate this server"),
            ("certificate-p256.pem", "impersonate this server"),
            ("authority.pem", "impersonate this server"),
        ] {
            if mode(name) & 0o077 != 0 && mode("") & 0o011 != 0 {
                let file = dir.file(name);
                let text = format!(
                    "other users may read {0} and then {harm}: sudo chmod 600 '{0}'. If the file may have been read, \
                     delete it: the next start makes a new one",
                    file.display()
                );
                findings.push(Finding::problem("data", text));
            }
        }
        findings
    }

    fn free_space(dir: &DataDir) -> Finding {
        let free = match rustix::fs::statvfs(dir.path()) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(error) => return Finding::warning("disk", format!("cannot read the free space: {error}")),
        };
        let found = format!("{} MB free", free / MEGABYTE);
        let advice =
            "free some space (df -h); on a full disk the server rejects requests that change anything";
        match free {
            0..NO_ROOM => Finding::problem("disk", format!("{found}: {advice}")),
            NO_ROOM..ROOM => Finding::warning("disk", format!("{found}: {advice}")),
            _ => Finding::ok("disk", found),
        }
    }
}
