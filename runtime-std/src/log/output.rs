use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum number of lines that wait to be written: a megabyte of the longest.
const MOST_LINES: usize = 2048;

/// A stream with a thread of its own that writes it. Its users never wait, and its errors are ignored.
#[derive(Debug)]
pub(super) struct Output {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    /// A whole line.
    Line(String),
    /// Everything before this is written. Dropping it tells the caller.
    Flush { _done: SyncSender<()> },
}

impl Output {
    pub(super) fn start(name: &str, to: impl Write + Send + 'static) -> Self {
        let (queue, messages) = sync_channel(MOST_LINES);
        let dropped = Arc::default();
        let lost = Arc::clone(&dropped);
        // Without the thread nothing is written: the server matters more than its log.
        let _ = thread::Builder::new().name(name.to_owned()).spawn(move || write(&messages, &lost, to));
        Self { queue, dropped }
    }

    /// Queues a whole line. Drops it if the queue is full.
    pub(super) fn push(&self, line: String) {
        if self.queue.try_send(Message::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is written, at most for `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let start = Instant::now();
        let (done, written) = sync_channel(0);
        let mut flush = Message::Flush { _done: done };
        // The queue may be full. It is emptied in order, so that the line before this is written first.
        while let Err(error) = self.queue.try_send(flush) {
            if start.elapsed() >= patience {
                return;
            }
            flush = match error {
                TrySendError::Full(flush) => flush,
                TrySendError::Disconnected(_) => return,
            };
            thread::sleep(Duration::from_millis(10));
        }
        // Nothing is sent: the end of the channel is the news.
        let _ = written.recv_timeout(patience.saturating_sub(start.elapsed()));
    }
}

fn write(messages: &Receiver<Message>, dropped: &AtomicU64, mut to: impl Write) {
    for message in messages {
        let Message::Line(line) = message else { continue };
        write_whole(&mut to, line.as_bytes());
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let note = format!("{lost} log lines were dropped: the log is read too slowly\n");
            write_whole(&mut to, note.as_bytes());
        }
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
    use std::sync::Mutex;

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
        let (sender, received) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let (mut text, mut buffer) = (String::new(), vec![0; 64 * 1024]);
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
                let (notes, lines): (Vec<_>, Vec<_>) =
                    whole.lines().partition(|line| line.contains("dropped"));
                let dropped: usize =
                    notes.iter().map(|note| note.split_once(' ').unwrap().0.parse::<usize>().unwrap()).sum();
                if lines.len() + dropped == 20_000 {
                    return sender.send(lines.len()).unwrap();
                }
            }
        });
        let written =
            received.recv_timeout(Duration::from_secs(20)).expect("every line is written or counted");
        assert!((1_000..10_000).contains(&written), "{written}");
    }

    #[test]
    fn a_reader_who_is_gone_is_no_trouble() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = Output::start("test", writer);
        (0..100_000).for_each(|_| output.push("line\n".to_owned()));
        let start = Instant::now();
        output.flush(Duration::from_secs(20));
        assert!(start.elapsed() < Duration::from_secs(15), "the queue is emptied");
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
