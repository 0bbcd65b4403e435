//! `--record FILE`: writes a [trace](mmcos_core::trace) of all inputs, without secrets that permit a login.
//!
//! There is no dashboard meanwhile.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mmcos_core::Server;
use mmcos_core::game::Game;
use mmcos_core::seam::{Effect, Input, Now};
use mmcos_core::service::LogEvent;
use mmcos_core::trace::{self, Start};

use crate::data_dir::private_file;
use crate::driver::Witness;
use crate::host::secret;

/// Writes a trace, line by line, without secrets.
pub(crate) struct Recorder<G: Game> {
    path: PathBuf,
    /// `None` after an error.
    file: Option<File>,
    lines: trace::Recorder<G>,
}

/// Error of starting a trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be made.
    #[error(
        "cannot write a trace to {path}: {1}; a trace never overwrites a file: move that file, or choose another name",
        path = .0.display()
    )]
    File(PathBuf, #[source] io::Error),
    /// The operating system has no random numbers for keys.
    #[error("cannot write a trace: the operating system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl<G: Game> fmt::Debug for Recorder<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<G: Game> Recorder<G> {
    /// Makes the file, and writes the server's starting state: this seed and configuration, and the state of this
    /// game.
    pub(crate) fn create(path: &Path, start: &Start<G>, game: &G) -> Result<Self, RecordError> {
        let failed = |source| RecordError::File(path.to_owned(), source);
        let (lines, start) = trace::Recorder::new(start, game, secret::random()?);
        let mut file = private_file(path).map_err(failed)?;
        file.write_all(format!("{start}\n").as_bytes()).map_err(failed)?;
        log::warn!(
            "writing a trace to {}: it contains the requests and names of players, but no secrets",
            path.display()
        );
        Ok(Self { path: path.to_owned(), file: Some(file), lines })
    }

    fn write(&mut self, line: impl fmt::Display) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            log::error!("the trace {} ends here: {error}", self.path.display());
            self.file = None;
        }
    }
}

impl<G: Game> Witness<Server<G>> for Recorder<G> {
    fn input(&mut self, now: Now, input: Input<'_>) {
        let line = self.lines.input(now, input);
        self.write(line);
    }

    fn effect(&mut self, effect: &Effect<'_, G::Record, LogEvent<G::Event>>) {
        if let Some(line) = self.lines.effect(effect) {
            self.write(line);
        }
    }
}
