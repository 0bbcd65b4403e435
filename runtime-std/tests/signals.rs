//! Signals, sent to a process of its own: this test program, started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use mmcos_std::signals::{Request, Signals};

/// Set for the child process alone.
const CHILD: &str = "SIGNALS_TEST_CHILD";

/// Body of the child process. Does nothing in the test run itself.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let mut signals = Signals::install().unwrap();
    eprintln!("ready");
    loop {
        match signals.wait(Duration::from_mins(1)).unwrap() {
            Some(Request::Stop) => eprintln!("finishing"),
            Some(Request::Reload) => eprintln!("reloading"),
            None => {}
        }
    }
}

struct Served {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Served {
    fn start() -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()))
    }

    /// Starts the child with a command that ends with this program.
    fn start_by(mut command: Command) -> Self {
        let mut child = command
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

#[test]
fn a_hang_up_reloads_and_does_not_end() {
    let mut served = Served::start();
    for _ in 0..3 {
        served.signal("-HUP");
        served.says("reloading");
    }
    served.signal("-TERM");
    served.says("finishing");
    served.signal("-TERM");
    assert_eq!(served.end().code(), Some(143));
}

/// `script` gives the child a terminal, which disappears when `script` is killed.
#[test]
fn a_terminal_that_goes_asks_to_stop() {
    if !Command::new("script").arg("--version").output().is_ok_and(|said| said.status.success()) {
        eprintln!("this test was not run: there is no `script` (Debian: bsdutils)");
        return;
    }
    let said = std::env::temp_dir().join(format!("mmcos-terminal-{}", std::process::id()));
    let program = std::env::current_exe().unwrap();
    let line = format!("exec '{}' --exact child --nocapture 2>'{}'", program.display(), said.display());
    let mut terminal = Command::new("script")
        .args(["--quiet", "--command", &line, "/dev/null"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let says = |expected: &str| {
        let start = std::time::Instant::now();
        while !std::fs::read_to_string(&said).is_ok_and(|text| text.contains(expected)) {
            assert!(start.elapsed() < Duration::from_secs(20), "the child does not say {expected:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    says("ready");
    let group = Command::new("pgrep").args(["-P", &terminal.id().to_string()]).output().unwrap();
    let child = String::from_utf8(group.stdout).unwrap().trim().to_owned();
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    says("finishing");
    Command::new("kill").args(["-KILL", &child]).status().unwrap();
    std::fs::remove_file(&said).unwrap();
}
