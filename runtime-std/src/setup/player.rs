//! `setup-player`: points the game on this PC at a server, and back, like the scripts of the page for players. Either
//! undoes what the other did.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use mmcos_core::admin::ServerAddress;
use mmcos_core::info::{Info, Trust};

use crate::command::local_client::Listener;
use crate::command::running::{Occupant, probe};
use crate::host::program::name as program;
use crate::system::hosts_file;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Line end of new lines.
const NEWLINE: &str = if cfg!(windows) { "\r\n" } else { "\n" };

/// Change of this PC's hosts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Add lines for this server, and test the connection.
    Add {
        /// Address of the server.
        server: ServerAddress,
        /// Turn other lines for the game into comments.
        replace: bool,
    },
    /// Test the connection to this server.
    Test(ServerAddress),
    /// Remove the added lines, and turn those comments into lines again.
    Undo,
}

/// Error of `setup-player`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayerError {
    /// The name of the server has no address.
    #[error(
        "nothing was changed: the address of {0} cannot be found. Is this PC online? Does the name still exist?"
    )]
    Unresolved(ServerAddress),
    /// Another program or protection manages the file, or it is not a text of bytes.
    #[error("nothing was changed: {} {reason}", file.display())]
    Unfit {
        /// The hosts file.
        file: PathBuf,
        /// Reason.
        reason: &'static str,
    },
    /// Lines name the game's hosts beside others.
    #[error(
        "nothing was changed: {} has lines for the game that have other names as well. Remove the game's names by \
         hand:\n{lines}",
        file.display()
    )]
    Mixed {
        /// The hosts file.
        file: PathBuf,
        /// The lines.
        lines: String,
    },
    /// Other lines name the game's hosts.
    #[error(
        "nothing was changed: {} has other lines for the game. To turn them into comments, which `undo` brings back: \
         {program} setup-player {server} replace\n{lines}",
        file.display(),
        program = program()
    )]
    Others {
        /// The hosts file.
        file: PathBuf,
        /// Address of the server.
        server: ServerAddress,
        /// The lines.
        lines: String,
    },
    /// This account may not change the file.
    #[error(
        "nothing was changed: {} belongs to the administrator; {}", file.display(),
        if cfg!(windows) {
            "right-click the Start button, choose \"Terminal (Admin)\" or \"Windows PowerShell (Admin)\", and run the \
             command there"
        } else {
            "run the command with sudo"
        }
    )]
    NotAdministrator {
        /// The hosts file.
        file: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("{}: {source}; it is as it was before", file.display())]
    Io {
        /// The hosts file, or the copy of it.
        file: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The file was written badly, and so was its replacement.
    #[error("{} is damaged: replace it with {}", file.display(), copy.display())]
    Damaged {
        /// The hosts file.
        file: PathBuf,
        /// Copy of it.
        copy: PathBuf,
    },
    /// No server of the game responds.
    #[error(
        "no server responds at {0}. Is it running? Does its firewall let players through (on Windows: {program} \
         firewall add)? Does the router forward the port?",
        program = program()
    )]
    NoServer(SocketAddr),
    /// Another program responds.
    #[error("another program responds at {0}: tell the server's operator")]
    Stranger(SocketAddr),
}

/// Carries out an action. Returns the text to print.
pub(crate) fn run(info: &Info, action: &Action) -> Result<String, PlayerError> {
    let hosts = Hosts { info, path: hosts_file::path() };
    match action {
        Action::Undo => {
            let old = hosts.read()?;
            let new = hosts.undone(&old)?;
            if new == old {
                return Ok("There is nothing to remove.\n".to_owned());
            }
            hosts.write(&old, &new)?;
            Ok("The lines were removed.\n".to_owned())
        }
        Action::Add { server, replace } => {
            let address = resolve(server)?;
            let old = hosts.read()?;
            let new = hosts.with_lines(&old, address, server, *replace)?;
            let done = if new == old {
                "The lines are there already.".to_owned()
            } else {
                let copy = hosts.write(&old, &new)?;
                format!(
                    "The game on this PC now uses the server {server}. The hosts file as it was: {}",
                    copy.display()
                )
            };
            let undo = format!("To remove the lines: {} setup-player undo", info.name);
            let certificate = match info.trust {
                Trust::Any => String::new(),
                Trust::System { .. } => format!(
                    "This game also needs the server's certificate: run the script of http://{server}/ as well.\n"
                ),
            };
            // Printed before the test, which may fail.
            println!("{done}\n{undo}\n{certificate}");
            test(info, address)
        }
        Action::Test(server) => test(info, resolve(server)?),
    }
}

fn resolve(server: &ServerAddress) -> Result<IpAddr, PlayerError> {
    let name = match server {
        ServerAddress::Ip(address) => return Ok(*address),
        ServerAddress::Name(_) => server.to_string(),
    };
    let found = (name.as_str(), 443).to_socket_addrs().into_iter().flatten().map(|found| found.ip());
    // IPv4 first, as for the scripts.
    let found: Vec<IpAddr> = found.collect();
    let chosen = found.iter().find(|address| address.is_ipv4()).or(found.first());
    chosen.copied().ok_or_else(|| PlayerError::Unresolved(server.clone()))
}

/// Requests what the game requests first.
fn test(info: &Info, ip: IpAddr) -> Result<String, PlayerError> {
    let port = std::env::var("GAME_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(443);
    let address = SocketAddr::new(ip, port);
    match probe(info, Listener { address, tls: true }) {
        Occupant::Ours => Ok("The server responds.\n".to_owned()),
        Occupant::Nothing => Err(PlayerError::NoServer(address)),
        Occupant::Stranger => Err(PlayerError::Stranger(address)),
    }
}

/// The hosts file. Whatever its encoding is, the bytes of all other lines stay.
struct Hosts<'i> {
    info: &'i Info,
    path: PathBuf,
}

impl Hosts<'_> {
    fn begin(&self) -> String {
        format!("# {} begin", self.info.name)
    }

    fn end(&self) -> String {
        format!("# {} end", self.info.name)
    }

    fn mark(&self) -> String {
        format!("# {} replaced: ", self.info.name)
    }

    fn unfit(&self, reason: &'static str) -> PlayerError {
        PlayerError::Unfit { file: self.path.clone(), reason }
    }

    fn io(&self) -> impl Fn(io::Error) -> PlayerError {
        |source| match source.kind() {
            io::ErrorKind::PermissionDenied => PlayerError::NotAdministrator { file: self.path.clone() },
            _ => PlayerError::Io { file: self.path.clone(), source },
        }
    }

    fn read(&self) -> Result<Vec<u8>, PlayerError> {
        let found = fs::symlink_metadata(&self.path).map_err(self.io())?;
        if !found.is_file() {
            return Err(self.unfit("is a link or a directory, so another program manages it"));
        }
        if found.permissions().readonly() {
            return Err(self.unfit(
                "is write-protected. If you did not do that, a security program did: allow the change there",
            ));
        }
        let text = fs::read(&self.path).map_err(self.io())?;
        let is_utf16 = [[0xFF, 0xFE], [0xFE, 0xFF]].iter().any(|mark| text.starts_with(mark));
        if is_utf16 || text.contains(&0) {
            return Err(self.unfit("is UTF-16 text. Save it as UTF-8 first: in Notepad, Save as, Encoding"));
        }
        Ok(text)
    }

    /// Returns the text without the lines that were added.
    fn without_lines(&self, text: &[u8]) -> Result<Vec<u8>, PlayerError> {
        let changed = || self.unfit("has lines of this program that were changed: remove them by hand");
        let (begin, end) = (self.begin(), self.end());
        let (mut kept, mut is_inside, mut has_been) = (Vec::new(), false, false);
        for (number, line) in lines(text).enumerate() {
            let plain = if number == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
            if plain.starts_with(begin.as_bytes()) {
                if has_been {
                    return Err(changed());
                }
                (is_inside, has_been) = (true, true);
            } else if plain.starts_with(end.as_bytes()) {
                if !is_inside {
                    return Err(changed());
                }
                is_inside = false;
            } else if !is_inside {
                kept.extend_from_slice(line);
            } else if self.names(line) != (1, 0) {
                return Err(changed());
            }
        }
        if is_inside { Err(changed()) } else { Ok(kept) }
    }

    /// Returns the text as it was before: without the added lines, and with those that became comments.
    fn undone(&self, text: &[u8]) -> Result<Vec<u8>, PlayerError> {
        let mark = self.mark();
        let without = self.without_lines(text)?;
        let restored = lines(&without).map(|line| line.strip_prefix(mark.as_bytes()).unwrap_or(line));
        Ok(restored.flatten().copied().collect())
    }

    /// Returns the text with lines for a server, in place of those for any other.
    fn with_lines(
        &self,
        text: &[u8],
        address: IpAddr,
        server: &ServerAddress,
        replace: bool,
    ) -> Result<Vec<u8>, PlayerError> {
        let base = self.without_lines(text)?;
        let shown = |wanted: fn((usize, usize)) -> bool| {
            let found = lines(&base).filter(|line| wanted(self.names(line)));
            found.map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect::<Vec<_>>().join("\n")
        };
        let (mixed, others) = (shown(|(game, other)| game > 0 && other > 0), shown(|(game, _)| game > 0));
        if !mixed.is_empty() {
            return Err(PlayerError::Mixed { file: self.path.clone(), lines: mixed });
        }
        if !others.is_empty() && !replace {
            let (file, server) = (self.path.clone(), server.clone());
            return Err(PlayerError::Others { file, server, lines: others });
        }
        // First in the file, so that nothing depends on how it ends.
        let note = format!("{} ({} setup-player undo removes these lines)", self.begin(), self.info.name);
        let added = self.info.redirected_hosts().map(|host| format!("{address} {host}"));
        let mut new: Vec<u8> = [note]
            .into_iter()
            .chain(added)
            .chain([self.end()])
            .flat_map(|line| (line + NEWLINE).into_bytes())
            .collect();
        let mark = self.mark();
        for line in lines(&base) {
            if self.names(line).0 > 0 {
                new.extend_from_slice(mark.as_bytes());
            }
            new.extend_from_slice(line);
        }
        Ok(new)
    }

    /// Returns how many names of the game a line has, and how many others.
    fn names(&self, line: &[u8]) -> (usize, usize) {
        let text = String::from_utf8_lossy(line);
        let text = text.split('#').next().unwrap_or_default();
        let names: Vec<String> = text.split_whitespace().skip(1).map(str::to_ascii_lowercase).collect();
        let game = names
            .iter()
            .filter(|name| self.info.redirected_hosts().any(|host| host == name.as_str()))
            .count();
        (game, names.len().saturating_sub(game))
    }

    /// Writes the file, and the old text back if that fails. Returns the copy of the text before the first change.
    fn write(&self, old: &[u8], new: &[u8]) -> Result<PathBuf, PlayerError> {
        let copy = PathBuf::from(format!("{}.before-{}", self.path.display(), self.info.name));
        // A later copy might hold the added lines.
        if !copy.exists() {
            let undone = self.undone(old)?;
            if let Err(error) = write_checked(&copy, &undone) {
                let _ = fs::remove_file(&copy);
                return Err(self.io()(error));
            }
        }
        if let Err(error) = write_checked(&self.path, new) {
            return Err(match write_checked(&self.path, old) {
                Ok(()) => self.io()(error),
                Err(_) if fs::read(&self.path).is_ok_and(|text| text == old) => self.io()(error),
                Err(_) => PlayerError::Damaged { file: self.path.clone(), copy },
            });
        }
        #[cfg(windows)]
        crate::system::windows::forget_names();
        Ok(copy)
    }
}

/// Writes a file in place, which keeps its owner and permissions, and reads it again.
fn write_checked(path: &Path, text: &[u8]) -> io::Result<()> {
    fs::write(path, text)?;
    if fs::read(path)? == text { Ok(()) } else { Err(io::Error::other("it does not read as it was written")) }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::program::tests::GAME;

    const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 9, 8, 7));

    fn hosts() -> Hosts<'static> {
        Hosts { info: &GAME, path: "hosts".into() }
    }

    fn add(text: &[u8], replace: bool) -> Result<Vec<u8>, PlayerError> {
        hosts().with_lines(text, SERVER, &ServerAddress::Ip(SERVER), replace)
    }

    #[test]
    fn undo_restores_every_byte() {
        let originals: [&[u8]; 6] = [
            b"# Spielger\xe4te\n127.0.0.1 localhost\n10.0.0.2 nas # b\xfcro\n",
            b"\xef\xbb\xbf127.0.0.1 localhost\r\n",
            b"# \x85\xa0\xff\x01\x1b and no end of line \x80",
            b"mixed\r\nends\nof lines",
            b"\n\n",
            b"",
        ];
        for original in originals {
            let once = add(original, false).unwrap();
            assert!(once.ends_with(original));
            for host in GAME.hosts {
                let line = format!("10.9.8.7 {host}{NEWLINE}");
                assert_eq!(String::from_utf8_lossy(&once).matches(&line).count(), 1);
            }
            assert_eq!(add(&once, false).unwrap(), once, "a second time changes nothing");
            assert_eq!(hosts().undone(&once).unwrap(), original);
        }
    }

    #[test]
    fn other_lines_for_the_game_become_comments_only_if_asked() {
        let original = b"1.2.3.4 GAME.example.com # mine\r\n127.0.0.1 localhost\n";
        let error = add(original, false).unwrap_err().to_string();
        assert!(error.contains("1.2.3.4 GAME.example.com") && error.contains("10.9.8.7 replace"), "{error}");
        let new = add(original, true).unwrap();
        assert!(String::from_utf8_lossy(&new).contains("\n# mmcos replaced: 1.2.3.4 GAME"));
        assert_eq!(hosts().undone(&new).unwrap(), original);
        let mixed = add(b"1.2.3.4 nas game.example.com\n", true).unwrap_err();
        assert!(matches!(mixed, PlayerError::Mixed { .. }), "{mixed}");
    }

    #[test]
    fn lines_that_were_changed_by_hand_are_left_alone() {
        for strange in [
            "# mmcos begin\n1.2.3.4 game.example.com\n",
            "# mmcos end\n",
            "# mmcos begin\n# mmcos end\n# mmcos begin\n# mmcos end\n",
            "# mmcos begin\n1.2.3.4 nas\n# mmcos end\n",
        ] {
            assert!(matches!(add(strange.as_bytes(), true), Err(PlayerError::Unfit { .. })), "{strange}");
            assert!(
                matches!(hosts().undone(strange.as_bytes()), Err(PlayerError::Unfit { .. })),
                "{strange}"
            );
        }
    }
}
