//! Signals, sent to a process of its own: this test program, started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use mmcos_std::signals::Signals;

/// Set for the child alone.
const CHILD: &str = "SIGNALS_TEST_CHILD";

/// What the child does; in the test run itself nothing.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let signals = Signals::install().unwrap();
    eprintln!("ready");
    signals.wait().unwrap();
    eprintln!("finishing");
    std::thread::park();
}

struct Served {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Served {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut served = Self { child, lines };
        served.says("ready");
        served
    }

    fn says(&mut self, expected: &str) {
        assert!(self.lines.any(|line| line.unwrap() == expected), "the child ended without {expected:?}");
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

#[test]
fn the_first_signal_asks_and_the_second_ends() {
    for (first, second, status) in [("-INT", "-INT", 130), ("-TERM", "-INT", 130), ("-INT", "-TERM", 143)] {
        let mut served = Served::start();
        served.signal(first);
        served.says("finishing");
        served.signal(second);
        let end = served.end();
        assert_eq!((end.code(), end.signal()), (Some(status), None), "{first} {second}");
    }
}
