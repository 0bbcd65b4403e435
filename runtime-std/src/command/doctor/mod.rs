//! `mmcos doctor`: examines everything that could keep players out, explains it and says what to do next. Changes
//! nothing.

mod data;
pub(crate) mod first_run;
mod machine;
mod ports;

use std::fmt;

use mmcos_core::game::Game;
use mmcos_core::info::Info;
use mmcos_core::settings::Settings;

pub use mmcos_core::game::{Finding, Verdict};

use crate::clock::Clock;
use crate::command::running;
use crate::command::text;
use crate::config::{Config, ConfigError, Loaded};
use crate::host::program::name as program;
use crate::notify;

/// All findings. Its `Display` is the text for the operator.
#[derive(Clone, Debug)]
pub struct Report {
    /// Findings, in the order in which an operator should read them.
    pub findings: Vec<Finding>,
}

/// Error of a report with problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} found, see above", if *problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") })]
pub struct Unwell {
    /// Number of problems.
    pub problems: usize,
}

impl Report {
    /// Fails if there is a problem. Warnings are not problems.
    pub fn verdict(&self) -> Result<(), Unwell> {
        let is_problem = |finding: &&Finding| finding.verdict == Verdict::Problem;
        match self.findings.iter().filter(is_problem).count() {
            0 => Ok(()),
            problems => Err(Unwell { problems }),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { verdict, about, text } in &self.findings {
            let verdict = match verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "warning",
                Verdict::Problem => "PROBLEM",
            };
            let text = text::wrap(text, "                       ");
            write!(f, "{verdict:<8} {about:<13} {}", text.trim_start())?;
        }
        Ok(())
    }
}

/// Examines a host with this configuration, or with that of the server that runs with its data directory. Takes some
/// seconds if a port does not respond.
pub fn examine<G: Game>(given: &Loaded<G::Settings>) -> Report {
    let info = &G::INFO;
    let now = Clock::start().now().wall;
    let running = running::find::<G>(&given.config.data_dir);
    let mut findings = match &running {
        None => vec![configuration(given.file.as_deref())],
        Some(found) => server(info, found),
    };
    let running = running.and_then(Result::ok);
    let Loaded { config, game, .. } = running.as_ref().unwrap_or(given);
    findings.extend(given.warnings.iter().map(|warning| Finding::warning("configuration", warning)));
    findings.extend(ports::examine(info, config));
    findings.push(machine::address(config));
    findings.push(machine::clock(now));
    findings.extend(machine::hosts_file(info, config));
    findings.extend(machine::firewall());
    findings.extend(data::examine::<G>(config, game, now));
    findings.push(machine::open_files(config));
    findings.extend(G::examine(game));
    findings.extend(notifications(config));
    Report { findings }
}

fn configuration(file: Option<&std::path::Path>) -> Finding {
    let none = || format!("no file; `{} config` prints one to start from", program());
    let origin = file.map_or_else(none, |file| file.display().to_string());
    Finding::ok("configuration", origin)
}

/// Examines the running server: how it was started, and whether it accepts players.
fn server(info: &Info, running: &Result<Loaded<impl Settings>, ConfigError>) -> Vec<Finding> {
    let loaded = match running {
        Ok(loaded) => loaded,
        Err(error) => {
            let text = format!("a server runs here, but its configuration cannot be read: {error}.");
            return vec![Finding::warning("server", text)];
        }
    };
    let set = loaded.changed();
    let set = if set.is_empty() { "none".to_owned() } else { set.join(", ") };
    let text = format!("it runs; the findings below are for its settings. Changed from the defaults: {set}");
    let trouble = running::trouble(info, &loaded.config);
    let trouble = trouble.map(|reason| {
        // The operator asked for maintenance.
        let wanted = reason.contains("maintenance");
        let find = if wanted { Finding::warning } else { Finding::problem };
        find("server", format!("it keeps players out: {reason}."))
    });
    let clock = running::clock_trouble(info, &loaded.config).map(|reason| {
        let text = format!(
            "it does not trust this machine's clock: {reason}. It continues with the time from before, and nothing \
             that depends on the date begins. Check the clock and its time service (`timedatectl`, or the date and \
             time settings). A clock that runs evenly is trusted later."
        );
        Finding::problem("server", text)
    });
    [Finding::ok("server", text)].into_iter().chain(trouble).chain(clock).collect()
}

/// Reports whether this machine can check the certificate of the webhook, if there is one. Sends nothing.
fn notifications(config: &Config) -> Option<Finding> {
    let url = config.notify_url.as_ref()?;
    let host = url.host();
    Some(if url.is_encrypted() && notify::root_certificates().is_empty() {
        Finding::warning(
            "notify-url",
            format!(
                "this machine has no root certificates, so it cannot verify {host} and sends nothing: install \
                 ca-certificates, or set SSL_CERT_FILE to a file with root certificates."
            ),
        )
    } else {
        Finding::ok("notify-url", format!("messages go to {host}; to test: `{} notify-test`", program()))
    })
}

#[cfg(test)]
mod tests;
