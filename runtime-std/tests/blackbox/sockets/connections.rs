//! Limits of the cost of a connection or an address: memory, connections, lines of the log.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use crate::blackbox::rig::{
    client::{Client, PATIENCE, REDIRECT, connect, get},
    player::login,
    process::Server,
    tls,
};
use crate::blackbox::sockets::limits::{MORE_THAN_FITS, with_small_window};

/// Path with the longest response to the shortest request.
const LONGEST: &str = "/admin/script.js";
/// Sends this request repeatedly until the connection ends.
fn flood(mut tcp: TcpStream, request: Vec<u8>) {
    tcp.set_write_timeout(None).unwrap();
    thread::spawn(move || while tcp.write_all(&request).is_ok() {});
}

/// Reads this many bytes a second, in small steps.
fn read_steadily(tcp: &mut TcpStream, rate: u64, time: Duration) -> u64 {
    let (start, mut got, mut buffer) = (Instant::now(), 0, vec![0; 64 * 1024]);
    while start.elapsed() < time {
        let due = u64::try_from(start.elapsed().as_millis()).unwrap() * rate / 1000;
        let most = usize::try_from(due.saturating_sub(got)).unwrap().min(buffer.len());
        if most == 0 {
            thread::sleep(Duration::from_millis(5));
            continue;
        }
        let count = tcp.read(&mut buffer[..most]).expect("a client that reads steadily is not dropped");
        assert!(count > 0, "closed after {got} bytes, {:?}", start.elapsed());
        got += count as u64;
    }
    got
}

#[test]
fn a_client_that_pipelines_and_reads_steadily_costs_a_bounded_queue() {
    let server = Server::start_with(&[
        "--read-seconds",
        "2",
        "--requests-per-second",
        "0",
        "--account-requests-per-second",
        "0",
    ]);
    for request in [login(1), get(LONGEST)] {
        for rate in [40_000_000, 4_000_000, 60_000] {
            let mut tcp = with_small_window(server.http);
            let before = server.memory();
            flood(tcp.try_clone().unwrap(), request.repeat(50));
            read_steadily(&mut tcp, rate, Duration::from_secs(6));
            if let (Some(before), Some(after)) = (before, server.memory()) {
                let grown = after.peak.saturating_sub(before.peak.max(before.resident));
                assert!(grown < 6 * 1024, "{grown} kB more at {rate} bytes a second");
            }
            let _ = tcp.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// TLS takes more at a time than such a client reads within its time limit: sent bytes of it count as progress, too.
#[test]
fn a_client_that_reads_slowly_by_tls_is_not_dropped() {
    let server = Server::start_with(&["--read-seconds", "3"]);
    let mut client = Client::tls_over(with_small_window(server.https), &tls::game());
    client.send(&login(1).repeat(10));
    let (start, mut got) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(9) {
        let due = start.elapsed().as_secs_f64() * 15_000.0;
        if f64::from(got) < due {
            let count = client.read_some(1000).expect("a client that reads steadily is not dropped");
            got += i32::try_from(count).unwrap();
            assert!(count > 0, "closed after {got} bytes");
        } else {
            thread::sleep(Duration::from_millis(5));
        }
    }
    for _ in 0..10 {
        client.answer().ok();
    }
}

#[test]
fn a_signal_while_a_client_is_slow_drops_nobody() {
    let server = Server::start_with(&["--read-seconds", "60", "--account-requests-per-second", "0"]);
    let mut tcp = with_small_window(server.http);
    flood(tcp.try_clone().unwrap(), login(1));
    thread::sleep(Duration::from_millis(500));
    for _ in 0..3 {
        server.signal("-STOP");
        thread::sleep(Duration::from_millis(100));
        server.signal("-CONT");
        thread::sleep(Duration::from_millis(100));
    }
    let got = read_steadily(&mut tcp, 20_000_000, Duration::from_secs(1));
    assert!(got > 2_000_000, "{got}");
    let _ = tcp.shutdown(std::net::Shutdown::Both);
}

#[test]
fn bodies_do_not_stay_in_memory_with_their_connections() {
    let server = Server::start();
    let chunk = [b"8000\r\n".as_slice(), &vec![b'x'; 0x8000], b"\r\n"].concat();
    let start = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let request = [start.as_slice(), &chunk.repeat(7), b"0\r\n\r\n"].concat();
    let mut held = Vec::new();
    let mut ask = |count: usize| {
        for _ in 0..count {
            let mut client = Client::plain(server.http);
            assert_eq!(client.ask(&request).status, 404);
            held.push(client);
        }
    };
    ask(10);
    let before = server.memory();
    ask(50);
    if let (Some(before), Some(after)) = (before, server.memory()) {
        let each = after.resident.saturating_sub(before.resident) / 50;
        assert!(each < 100, "{each} kB stay with each connection");
    }
}

/// Connects from another address of this machine.
fn connect_from(source: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}

/// Ends the attack when it is dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn one_address_over_its_limit_keeps_nobody_out() {
    let server = Server::start_with(&[
        "--max-connections",
        "100",
        "--max-connections-per-address",
        "20",
        "--log",
        "info",
    ]);
    let is_over = AtomicBool::new(false);
    let (opened, took) = thread::scope(|scope| {
        // Also after a failed assertion, or the scope would wait for the attack for ever.
        let end = End(&is_over);
        let attack = scope.spawn(|| {
            let (start, mut opened) = (Instant::now(), 0_u32);
            let mut held = std::collections::VecDeque::new();
            while !is_over.load(Ordering::Relaxed) {
                if f64::from(opened) > start.elapsed().as_secs_f64() * 1000.0 {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                let to = if opened % 4 == 0 { server.http } else { server.https };
                held.extend(connect_from(Ipv4Addr::new(127, 0, 0, 2), to));
                opened += 1;
                if held.len() > 600 {
                    held.pop_front();
                }
            }
            (opened, start.elapsed())
        });
        thread::sleep(Duration::from_millis(500));
        let mut waits: Vec<Duration> = (0..100)
            .map(|_| {
                let start = Instant::now();
                Client::plain(server.http).ask(&get(REDIRECT)).ok();
                start.elapsed()
            })
            .collect();
        waits.sort_unstable();
        drop(end);
        println!("median {:?}, 95th of 100 {:?}", waits[50], waits[94]);
        assert!(
            waits[94] < Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 100 }),
            "{waits:?}"
        );
        attack.join().unwrap()
    });
    println!("{opened} attempts in {took:?}");
    assert!(opened > 200, "{opened} attempts are no attack");
    let lines = server.log_so_far();
    let refusals = lines.iter().filter(|line| line.contains("refused")).count();
    assert!((1..10).contains(&refusals), "{refusals} lines for {opened} connections: {lines:#?}");
}

#[test]
fn a_connection_that_is_being_closed_counts_against_the_limit() {
    let server = Server::start_with(&["--max-connections-per-address", "1"]);
    let mut closing = Client::plain(server.http);
    closing.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(!closing.end().is_empty());
    assert_eq!(Client::plain(server.http).answer().status, 503, "the first is still read");
    drop(closing);
    let start = Instant::now();
    let next = || Client::plain(server.http);
    while {
        let mut client = next();
        client.try_send(&get(REDIRECT)).is_err() || client.answer().status == 503
    } {
        assert!(start.elapsed() < PATIENCE, "a closed connection counts for ever");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_client_that_sends_on_for_seconds_reads_why_it_is_refused() {
    let server = Server::start();
    let mut client = Client::plain(server.http);
    client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    for _ in 0..8 {
        client.send(&vec![b'x'; 100_000]);
        thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(client.answer().status, 413);
}

/// The client ends its side of the socket, not of TLS.
#[test]
fn a_request_before_half_a_close_is_answered_by_tls_without_goodbye() {
    let server = Server::start();
    for number in 1..20 {
        let mut client = Client::tls(server.https, &tls::game());
        client.send(&login(number));
        client.half_close();
        client.answer().ok();
        client.end();
    }
}

#[test]
fn an_orderly_close_ends_tls_before_the_socket() {
    let server = Server::start();
    for config in [tls::game(), tls::modern()] {
        let mut client = Client::tls(server.https, &config);
        client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        // An end without `close_notify` would be an error here.
        assert_eq!(client.read_some(1).unwrap(), 0);
    }
}

#[test]
fn what_follows_the_end_of_a_clients_tls_costs_it_no_answer() {
    let server = Server::start();
    let mut client = Client::tls_over(with_small_window(server.https), &tls::game());
    client.send(&login(1).repeat(MORE_THAN_FITS));
    client.say_goodbye();
    client.tcp().write_all(&vec![b'x'; 100_000]).unwrap();
    for _ in 0..MORE_THAN_FITS {
        client.answer().ok();
    }
    client.end();
}

#[test]
fn a_handshake_that_ends_half_way_is_forgotten_at_once() {
    let server = Server::start_with(&["--max-connections-per-address", "1"]);
    let hello = tls::hello(&tls::game());
    for length in [0, 1, hello.len() / 2, hello.len()] {
        let start = Instant::now();
        let mut tcp = loop {
            let tcp = connect(server.https);
            tcp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            match (&tcp).read(&mut [0]) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    break tcp;
                }
                _ => assert!(start.elapsed() < Duration::from_secs(3), "the one before still counts"),
            }
        };
        tcp.write_all(&hello[..length]).unwrap();
        tcp.shutdown(std::net::Shutdown::Write).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = tcp.read_to_end(&mut Vec::new());
    }
}
