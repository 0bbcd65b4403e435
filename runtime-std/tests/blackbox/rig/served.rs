//! A program that serves, as a process.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
};

/// A running program. It is killed on drop.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    /// Lines that it prints after its addresses.
    pub(crate) lines: Mutex<Receiver<String>>,
}

impl Served {
    /// Starts the program, and waits until it has printed its addresses.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut address = |name: &str| {
            let line =
                printed.find(|line| line.starts_with(name)).expect("the program ended before it served");
            line.split_whitespace().last().unwrap().parse().unwrap()
        };
        let (https, http) = (address("HTTPS "), address("HTTP "));
        let (sender, lines) = channel();
        // Reads on without a receiver: a full pipe would block the server.
        thread::spawn(move || printed.for_each(|line| drop(sender.send(line))));
        Self { child, http, https, lines: Mutex::new(lines) }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}
