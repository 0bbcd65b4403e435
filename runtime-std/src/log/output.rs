use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::limit::with_commas;

/// Maximum number of lines that wait to be written.
const MOST_LINES: usize = 8192;
/// Maximum bytes of all lines that wait.
const MOST_BYTES: usize = 1024 * 1024;

/// A stream with a thread of its own that writes it. Its users never wait, and its errors are ignored.
#[derive(Debug)]
pub(super) struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    is_writing: bool,
    dropped: u64,
}

impl Output {
    pub(super) fn start(name: &str, to: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let write = {
            let shared = Arc::clone(&shared);
            move || shared.write(to)
        };
        // Without the thread nothing is written: the server matters more than its log.
        let _ = thread::Builder::new().name(name.to_owned()).spawn(write);
        Self(shared)
    }

    /// Queues a whole line. Drops it if the queue is full.
    pub(super) fn push(&self, line: String) {
        let mut state = self.0.lock();
        let bytes = state.bytes.saturating_add(line.len());
        if state.lines.len() >= MOST_LINES || bytes > MOST_BYTES {
            state.dropped = state.dropped.saturating_add(1);
            return;
        }
        state.bytes = bytes;
        state.lines.push_back(line);
        self.0.work.notify_one();
    }

    /// Waits until everything is written, at most for `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let state = self.0.lock();
        let is_busy = |state: &mut State| state.is_writing || !state.lines.is_empty();
        drop(self.0.done.wait_timeout_while(state, patience, is_busy));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut to: impl Write) {
        loop {
            let line = self.next();
            let start = Instant::now();
            write_whole(&mut to, line.as_bytes());
            self.written(start.elapsed());
        }
    }

    fn next(&self) -> String {
        let mut state = self.lock();
        loop {
            if let Some(line) = state.lines.pop_front() {
                state.bytes = state.bytes.saturating_sub(line.len());
                state.is_writing = true;
                return line;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, took: Duration) {
        let mut state = self.lock();
        state.is_writing = false;
        let dropped = std::mem::take(&mut state.dropped);
        if dropped > 0 {
            // The note takes the place of the lines that were dropped.
            let line = format!(
                "{} log lines were dropped because nothing read the log for {} s\n",
                with_commas(dropped),
                took.as_secs()
            );
            state.bytes = state.bytes.saturating_add(line.len());
            state.lines.push_back(line);
        }
        self.done.notify_all();
    }
}

/// Writes a line, however slow the reader is. Drops a line whose reader is gone.
fn write_whole(to: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Another program has made the shared terminal non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(20)),
            Err(_) => return,
        }
    }
    let _ = to.flush();
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _, pipe};

    use super::*;

    #[test]
    fn a_reader_who_stops_reading_blocks_nobody_and_is_told_what_was_dropped() {
        let (mut reader, writer) = pipe().unwrap();
        let output = Output::start("test", writer);
        let start = Instant::now();
        for number in 0..20_000 {
            output.push(format!("{number:0100}\n"));
        }
        assert!(start.elapsed() < Duration::from_secs(5));
        thread::sleep(Duration::from_millis(1_100));
        let (lines, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let mut text = String::new();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                if text.contains("were dropped") && text.ends_with('\n') {
                    break;
                }
            }
            lines.send(text).unwrap();
        });
        let text = told.recv_timeout(Duration::from_secs(20)).unwrap();
        let written = text.lines().filter(|line| line.starts_with('0')).count();
        let last = text.lines().last().unwrap();
        let dropped = with_commas(u64::try_from(20_000 - written).unwrap());
        assert!(
            last.starts_with(&format!("{dropped} log lines were dropped because nothing read")),
            "{last}"
        );
        assert!((5_000..=MOST_LINES + 1_000).contains(&written), "{written}");
    }

    #[test]
    fn a_reader_who_is_gone_is_no_trouble() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = Output::start("test", writer);
        (0..100_000).for_each(|_| output.push("line\n".to_owned()));
        output.flush(Duration::from_secs(20));
        assert!(output.0.lock().lines.is_empty());
    }

    #[test]
    fn every_byte_is_written_in_spite_of_interruptions() {
        struct Odd(Arc<Mutex<Vec<u8>>>, u32);
        impl Write for Odd {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                match self.1 % 3 {
                    0 => Err(ErrorKind::Interrupted.into()),
                    1 => Err(ErrorKind::WouldBlock.into()),
                    _ => self.0.lock().unwrap().write(&bytes[..1]),
                }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let written = Arc::default();
        let output = Output::start("test", Odd(Arc::clone(&written), 0));
        output.push("a line\n".to_owned());
        output.flush(Duration::from_secs(20));
        assert_eq!(*written.lock().unwrap(), b"a line\n");
    }
}
