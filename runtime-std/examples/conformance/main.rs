//! Compares a server with the protocol of the game: plays the fixtures of `core/mmcos/tests/conformance` over HTTP or
//! HTTPS. For any server, of this project or not, whose store has room for a few test players:
//!
//! ```text
//! cargo run -p mmcos-std --example conformance -- https://localhost:8443 http://localhost:8080
//! ```
//!
//! The server must accept Steam tickets that Steam did not sign (`--identity trust`), and should have no other players.
//! A run takes about two minutes, less with `--poll-seconds` of both: the time for which a lone search is held.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a tool of tests: a fixture that cannot be read ends it; the tests use more of their client"
)]

#[path = "../../tests/blackbox/rig/client.rs"]
mod client;
mod suite;
#[path = "../../tests/blackbox/rig/tls.rs"]
mod tls;

use std::{
    fs, io,
    net::{TcpStream, ToSocketAddrs as _},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use client::Client;
use lexopt::{Arg, Parser, ValueExt as _};
use suite::Suite;

/// Maximum number of characters that a report shows of a text.
const SHOWN: usize = 200;

const HELP: &str = "\
usage: conformance [--poll-seconds N] [--fixtures FOLDER] URL… [FIXTURE…]

  URL                http://HOST[:PORT] or https://HOST[:PORT]; certificates are not checked, as by the game
  FIXTURE            names of those to play [all of the folder]
  --poll-seconds N   time for which the server holds a lone search [25]
  --fixtures FOLDER  other fixtures [core/mmcos/tests/conformance]";

struct Arguments {
    urls: Vec<String>,
    names: Vec<String>,
    fixtures: PathBuf,
    poll: Duration,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/mmcos/tests/conformance").into();
    let mut arguments =
        Arguments { urls: Vec::new(), names: Vec::new(), fixtures, poll: Duration::from_secs(25) };
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("poll-seconds") => {
                arguments.poll =
                    parser.value()?.parse_with(|text| text.parse().map(Duration::from_secs_f64))?;
            }
            Arg::Long("fixtures") => arguments.fixtures = parser.value()?.into(),
            Arg::Value(value) => {
                let value = value.string()?;
                let list = if value.contains("://") { &mut arguments.urls } else { &mut arguments.names };
                list.push(value);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    if arguments.urls.is_empty() {
        return Err("which server?".into());
    }
    Ok(arguments)
}

/// Plays the fixtures against each server. Returns the number of failures.
fn run(arguments: &Arguments) -> Result<usize, lexopt::Error> {
    let (mut passed, mut failed) = (0, 0);
    for url in &arguments.urls {
        println!("{url}");
        let suite = Suite::new(|| open(url), arguments.poll);
        for name in names(arguments).map_err(|error| format!("{}: {error}", arguments.fixtures.display()))? {
            let path = arguments.fixtures.join(&name).with_extension("http");
            let fixture =
                fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let start = Instant::now();
            match suite.play(&fixture) {
                Ok(()) => {
                    passed += 1;
                    println!("  ok      {name} ({:.1} s)", start.elapsed().as_secs_f64());
                }
                Err(mismatch) => {
                    failed += 1;
                    println!("  FAILED  {name}, line {}", mismatch.line);
                    println!("            expected  {}", shown(&mismatch.expected));
                    println!("            read      {}", shown(&mismatch.read));
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed)
}

fn names(arguments: &Arguments) -> io::Result<Vec<String>> {
    if !arguments.names.is_empty() {
        return Ok(arguments.names.clone());
    }
    let files = fs::read_dir(&arguments.fixtures)?.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<_> = files
        .iter()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".http")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Connects as the game does.
fn open(url: &str) -> io::Result<Client> {
    let (scheme, host) = url.split_once("://").unwrap_or_default();
    let host = host.trim_end_matches('/');
    let tls = scheme == "https";
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if has_port { host.to_owned() } else { format!("{host}:{}", if tls { 443 } else { 80 }) };
    let address = place.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let tcp = TcpStream::connect_timeout(&address, client::PATIENCE)?;
    tcp.set_nodelay(true)?;
    Ok(if tls { Client::tls_over(tcp, &tls::game()) } else { Client::plain_over(tcp) })
}

/// Returns the start of a text, in one line.
fn shown(text: &str) -> String {
    let text: String = text.chars().take(SHOWN).collect();
    text.replace("\r\n", "\\n").replace('\n', "\\n")
}
