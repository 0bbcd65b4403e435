//! Ctrl-C and SIGTERM: the first asks the server to finish, the second ends it at once.

#[cfg(unix)]
pub use unix::Signals;
#[cfg(windows)]
pub use windows::Signals;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

impl Signals {
    /// Blocks until it is time to stop, and says so.
    pub fn wait_and_tell(self) {
        if let Err(error) = self.wait() {
            log::error!("cannot wait for Ctrl-C: {error}");
        }
        log::info!("stopping: what is held is answered, nothing new is taken");
    }
}

/// Raises a flag at the first of the two signals; at the second the process ends with the status of a shell.
fn raise_or_end(seen: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, signal.saturating_add(128), seen.clone())?;
        flag::register(signal, seen.clone())?;
    }
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read as _};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::net::UnixStream;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::low_level::pipe;

    /// Becomes readable at the first signal. A thread may [`wait`](Signals::wait); an event loop may watch the stream
    /// that this turns into.
    ///
    /// ```no_run
    /// let signals = mmcos_std::signals::Signals::install()?;
    /// signals.wait()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct Signals {
        stream: UnixStream,
    }

    impl Signals {
        /// From now on signals come here. Once in a process.
        pub fn install() -> io::Result<Self> {
            let (stream, end) = UnixStream::pair()?;
            super::raise_or_end(&std::sync::Arc::default())?;
            for signal in [SIGINT, SIGTERM] {
                pipe::register(signal, end.try_clone()?)?;
            }
            Ok(Self { stream })
        }

        /// Blocks until a signal.
        pub fn wait(self) -> io::Result<()> {
            let mut stream = self.stream;
            stream.read_exact(&mut [0])
        }
    }

    impl AsFd for Signals {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.stream.as_fd()
        }
    }

    impl From<Signals> for UnixStream {
        fn from(signals: Signals) -> Self {
            signals.stream
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    /// Notices Ctrl-C.
    #[derive(Debug)]
    pub struct Signals {
        seen: Arc<AtomicBool>,
    }

    impl Signals {
        /// From now on Ctrl-C comes here. Once in a process.
        pub fn install() -> io::Result<Self> {
            let seen = Arc::default();
            super::raise_or_end(&seen)?;
            Ok(Self { seen })
        }

        /// Blocks until Ctrl-C, looking ten times a second: Windows wakes nobody.
        pub fn wait(self) -> io::Result<()> {
            while !self.seen.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
    }
}
