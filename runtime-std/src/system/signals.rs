//! Ctrl-C and SIGTERM stop the server; a second one ends it at once. SIGHUP makes it read its certificates
//! again, or stop if it comes because the terminal has gone. On Windows, the closing of the console window, log-off and
//! shutdown stop it like Ctrl-C.

#[cfg(windows)]
pub use super::windows::signals::Signals;
#[cfg(unix)]
pub use unix::Signals;

/// Request by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Stop the server.
    Stop,
    /// Reload what can be reloaded while the server runs.
    Reload,
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, File};
    use std::io::{self, ErrorKind, Read as _};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use signal_hook::low_level::pipe;

    use super::Request;

    /// Receives the signals of this process.
    ///
    /// ```no_run
    /// let mut signals = mmcos_std::signals::Signals::install()?;
    /// let asked = signals.wait(std::time::Duration::from_secs(60))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct Signals {
        stream: UnixStream,
        stop: Arc<AtomicBool>,
        hang_up: Arc<AtomicBool>,
        had_terminal: bool,
    }

    impl Signals {
        /// Receives signals from now on. Call it once in a process.
        pub fn install() -> io::Result<Self> {
            let (stream, end) = UnixStream::pair()?;
            let [stop, hang_up] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
            raise_or_end(&stop)?;
            for signal in [SIGINT, SIGTERM] {
                pipe::register(signal, end.try_clone()?)?;
            }
            if !is_hang_up_ignored() {
                // The flag first: it says what the byte in the pipe is about.
                flag::register(SIGHUP, hang_up.clone())?;
                pipe::register(SIGHUP, end)?;
            }
            Ok(Self { stream, stop, hang_up, had_terminal: has_terminal() })
        }

        /// Blocks until a signal requests something; `None` after `patience`.
        pub fn wait(&mut self, patience: Duration) -> io::Result<Option<Request>> {
            self.stream.set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
            match self.stream.read(&mut [0]) {
                Ok(_) if self.stop.load(Ordering::SeqCst) => Ok(Some(Request::Stop)),
                Ok(_) if self.hang_up.swap(false, Ordering::SeqCst) => {
                    let is_gone = self.had_terminal && !has_terminal();
                    Ok(Some(if is_gone { Request::Stop } else { Request::Reload }))
                }
                Ok(_) => Ok(None),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        }
    }

    /// Raises a flag at the first SIGINT or SIGTERM. At the second, ends the process with the exit status that shells
    /// report for the signal.
    fn raise_or_end(seen: &Arc<AtomicBool>) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, signal.saturating_add(128), seen.clone())?;
            flag::register(signal, seen.clone())?;
        }
        Ok(())
    }

    fn has_terminal() -> bool {
        File::open("/dev/tty").is_ok()
    }

    /// Returns true if the process was started by `nohup`, and so must outlive its terminal.
    fn is_hang_up_ignored() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
    }
}
