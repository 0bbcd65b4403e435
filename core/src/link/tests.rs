use alloc::{sync::Arc, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Monotonic {
    Monotonic::default().after(Duration::from_secs(seconds))
}

fn link() -> Link {
    Link::new(WriteLimits { bytes: 1024 * 1024, time: Duration::from_secs(20) })
}

/// Writes to a socket that accepts `most` bytes. Returns the bytes written.
fn write(link: &mut Link, most: usize) -> Vec<u8> {
    let taken: Vec<u8> = link.pieces().flatten().copied().take(most).collect();
    link.written(taken.len());
    taken
}

#[test]
fn bytes_behind_a_commit_wait_and_are_not_overtaken() {
    let (now, mut link) = (CommitSeq::default(), link());
    let (first, second) = (now.next(), now.next().next());
    for (bytes, after) in [(b"a", now), (b"b", first), (b"c", now), (b"d", second)] {
        link.push(Bytes::Borrowed(bytes), after);
    }
    assert_eq!(write(&mut link, 9), b"a");
    assert!(!link.is_writable());
    link.release(first);
    assert_eq!(write(&mut link, 9), b"bc");
    link.release(second);
    assert_eq!(write(&mut link, 9), b"d");
}

#[test]
fn a_slow_reader_that_makes_progress_has_its_time_again() {
    let mut link = link();
    link.push(Bytes::Borrowed(&[7; 100]), CommitSeq::default());
    for second in 0..100 {
        link.blocked(at(second));
        link.tick(at(second));
        assert_eq!(write(&mut link, 1).len(), 1, "after {second} s");
    }
}

#[test]
fn a_client_that_reads_nothing_is_dropped_in_time_and_its_memory_freed() {
    let mut link = link();
    link.push(Bytes::Borrowed(&[7; 100]), CommitSeq::default());
    link.blocked(at(1));
    link.blocked(at(15));
    assert_eq!(link.next_deadline(), Some(at(21)));
    link.tick(at(20));
    assert_eq!(link.status(), Status::Running);
    link.tick(at(21));
    assert_eq!((link.status(), link.queued()), (Status::Over(Some(Dropped::NotReading)), 0));
}

#[test]
fn a_commit_that_takes_its_time_is_not_held_against_the_client() {
    let mut link = Link::new(WriteLimits { time: Duration::from_secs(1), ..WriteLimits::default() });
    link.push(Bytes::Borrowed(b"a response"), CommitSeq::default().next());
    link.close(Close::AfterFlush);
    link.flushed(at(0));
    assert_eq!((link.next_deadline(), link.status()), (Some(at(13)), Status::Running));
    link.tick(at(12));
    link.release(CommitSeq::default().next());
    assert_eq!(link.next_deadline(), None);
    assert_eq!(write(&mut link, 99), b"a response");
    assert_eq!(link.status(), Status::Shutdown);
}

#[test]
fn a_response_waits_for_its_commit_no_longer_than_its_time() {
    let (now, mut link) = (CommitSeq::default(), link());
    let (first, second, third) = (now.next(), now.next().next(), now.next().next().next());
    for after in [now, first, third] {
        link.push(Bytes::Borrowed(b"a response"), after);
    }
    write(&mut link, 99);
    link.flushed(at(1));
    link.flushed(at(9));
    link.release(first);
    write(&mut link, 99);
    link.flushed(at(10));
    link.release(second);
    link.flushed(at(20));
    link.tick(at(22));
    assert_eq!(link.status(), Status::Running);
    link.tick(at(23));
    assert_eq!((link.status(), link.queued()), (Status::Over(Some(Dropped::NotDurable)), 0));
}

#[test]
fn reading_pauses_while_too_much_is_queued() {
    let mut link = Link::new(WriteLimits::default());
    assert!(link.wants_read());
    link.push(Bytes::Shared(Arc::from(vec![7; READ_PAUSE])), CommitSeq::default());
    assert!(!link.wants_read());
    write(&mut link, 1000);
    assert!(link.wants_read());
}

#[test]
fn a_closed_connection_is_read_until_the_client_is_silent_but_not_for_ever() {
    let mut link = link();
    link.push(Bytes::Borrowed(b"413"), CommitSeq::default());
    link.close(Close::AfterFlush);
    assert!(link.wants_read() && !link.is_open());
    write(&mut link, 3);
    link.shut_down(at(10));
    assert_eq!(link.next_deadline(), Some(at(15)));
    for second in 11..40 {
        link.tick(at(second));
        assert!(link.wants_read(), "after {second} s");
        link.received(at(second));
    }
    assert_eq!(link.next_deadline(), Some(at(40)), "30 s in all");
    link.tick(at(40));
    assert_eq!(link.status(), Status::Over(None));
}

#[test]
fn nothing_lingers_for_a_client_that_has_ended() {
    for ends_first in [true, false] {
        let mut link = link();
        if ends_first {
            link.ended();
        }
        link.close(Close::AfterFlush);
        assert_eq!(link.status(), Status::Shutdown);
        link.shut_down(at(0));
        link.ended();
        assert_eq!(link.status(), Status::Over(None));
    }
}

#[test]
fn more_than_may_wait_drops_the_client_at_once() {
    let mut link = link();
    let bytes = vec![7; 100_000];
    for _ in 0..20 {
        link.push(Bytes::Borrowed(&bytes), CommitSeq::default());
        assert!(link.queue.allocated() <= 1024 * 1024 + 100_000);
    }
    assert_eq!((link.status(), link.queued()), (Status::Over(Some(Dropped::NotReading)), 0));
}

proptest! {
    /// Memory stays in proportion to the queue, plus one piece; bytes leave in order, and none before its commit.
    #[test]
    fn memory_follows_what_waits(
        steps in prop::collection::vec((1..100_000_usize, 0..100_000_usize, 0..4_u8), 1..40),
    ) {
        let mut link = Link::new(WriteLimits { bytes: usize::MAX, time: Duration::from_secs(20) });
        let (mut sent, mut received, mut seq) = (0_u64, 0_u64, CommitSeq::default());
        // Number of bytes sent up to each commit.
        let mut before: Vec<(CommitSeq, u64)> = Vec::new();
        let mut durable = CommitSeq::default();
        for (more, taken, kind) in steps {
            if kind == 0 {
                seq = seq.next();
                before.push((seq, sent));
            }
            let bytes: Vec<u8> = (sent..).take(more).map(|number| u8::try_from(number % 251).unwrap_or(0)).collect();
            sent = sent.saturating_add(bytes.len() as u64);
            match kind {
                1 => link.push(Bytes::Shared(Arc::from(bytes)), seq),
                _ => link.push(Bytes::Borrowed(&bytes), seq),
            }
            if kind == 3 {
                durable = seq;
                link.release(durable);
            }
            for byte in write(&mut link, taken) {
                prop_assert!(u64::from(byte) == received % 251);
                received = received.saturating_add(1);
            }
            let first_withheld = before.iter().find(|(after, _)| *after > durable).map_or(sent, |(_, sent)| *sent);
            prop_assert!(received <= first_withheld, "released early");
            let waits = usize::try_from(sent.saturating_sub(received)).unwrap_or(usize::MAX);
            let most = waits.saturating_mul(2).saturating_add(64 * 1024);
        prop_assert!(link.queue.allocated() <= most, "memory of what was written");
            prop_assert!(link.queued() >= waits);
        }
    }
}
