//! The server as a process with a data directory of its own.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Client, PATIENCE, REDIRECT, get},
    served::Served,
};
use crate::PROGRAM;

/// A temporary directory, removed on drop.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("mmcos-blackbox-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the program with these arguments, in a neutral directory and environment.
pub(crate) fn program(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(&scratch.0);
    neutral(command, scratch, arguments)
}

fn neutral(mut command: Command, scratch: &Scratch, arguments: &[&str]) -> Command {
    let names = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let meant = |name: &String| {
        let upper = name.to_uppercase();
        upper.starts_with("MMCOS_") || upper.ends_with("_PROXY") || upper.starts_with("SSL_CERT_")
    };
    for name in names.filter(meant) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--data-dir").arg(scratch.data());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running server. Without a [`Server::stop`] it is killed on drop.
pub(crate) struct Server {
    served: Served,
    log: Mutex<Receiver<String>>,
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    scratch: Scratch,
}

impl Server {
    /// Starts on free ports, with every Steam ticket trusted, short polls, and certificates that were made before.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--poll-seconds", "3", "--gather-seconds", "0.5"])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        static FIRST: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
            let server = Server::start_in(Scratch::new(), &[]);
            files(&server.data()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
        });
        let scratch = Scratch::new();
        fs::create_dir(scratch.data()).unwrap();
        for (path, bytes) in FIRST.iter() {
            fs::write(scratch.data().join(path.file_name().unwrap()), bytes).unwrap();
        }
        Self::start_in(scratch, arguments)
    }

    pub(crate) fn start_in(scratch: Scratch, arguments: &[&str]) -> Self {
        Self::start_at(scratch, ([127, 0, 0, 1], 0).into(), arguments)
    }

    /// Starts with plain HTTP at this address.
    pub(crate) fn start_at(scratch: Scratch, http: SocketAddr, arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.current_dir(&scratch.0);
        Self::spawn(command, scratch, http, &[], arguments)
    }

    /// Starts with this command, such as `taskset -c 0 target/release/mmcos`, for measurements.
    #[allow(dead_code, reason = "for the measurements")]
    pub(crate) fn start_by(scratch: Scratch, command: &[String], arguments: &[&str]) -> Self {
        let (program, first) = command.split_first().expect("give the command that starts the server");
        let mut command = Command::new(program);
        command.args(first).args(["--max-connections", "16384", "--max-connections-per-address", "16384"]);
        let arguments = [&["--log", "error"], arguments].concat();
        Self::spawn(command, scratch, ([127, 0, 0, 1], 0).into(), &[], &arguments)
    }

    /// Starts with these variables in its environment.
    pub(crate) fn start_with_environment(
        scratch: Scratch,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let mut command = Command::new(PROGRAM);
        command.current_dir(&scratch.0);
        Self::spawn(command, scratch, ([127, 0, 0, 1], 0).into(), variables, arguments)
    }

    fn spawn(
        command: Command,
        scratch: Scratch,
        http: SocketAddr,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let http = http.to_string();
        let listeners = ["--http", &http, "--https", "127.0.0.1:0", "--identity", "trust", "--log", "debug"];
        let mut command = neutral(command, &scratch, &[&listeners, arguments].concat());
        let mut served = Served::start(command.envs(variables.iter().copied()));
        let (sender, log) = channel();
        let errors = BufReader::new(served.child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let (http, https) = (served.http, served.https);
        Self { served, log: Mutex::new(log), http, https, scratch }
    }

    #[allow(dead_code, reason = "for the measurements")]
    pub(crate) fn id(&self) -> u32 {
        self.served.child.id()
    }

    /// Waits for the copy of the store that an operator asked for.
    pub(crate) fn backup(&self) -> PathBuf {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let copies = fs::read_dir(self.data().join("backups")).into_iter().flatten();
            let mut copies = copies.map(|copy| copy.unwrap().path());
            let is_done = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("backup-");
            if let Some(copy) = copies.find(is_done) {
                return copy;
            }
            assert!(Instant::now() < until, "no backup");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.scratch.data()
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Returns the operator's password.
    pub(crate) fn password(&self) -> String {
        fs::read_to_string(self.data().join("operator-password")).unwrap().trim().to_owned()
    }

    /// Waits for a line of the log that contains this text.
    pub(crate) fn logs(&self, text: &str) -> String {
        Self::wait_for(&self.log, text)
    }

    /// Waits for a line of the text at the start that contains this text.
    pub(crate) fn says(&self, text: &str) -> String {
        Self::wait_for(&self.served.lines, text)
    }

    /// Returns the lines of the text at the start that no test has waited for.
    pub(crate) fn said_so_far(&self) -> String {
        self.served.lines.lock().unwrap().try_iter().collect::<Vec<_>>().join("\n")
    }

    fn wait_for(from: &Mutex<Receiver<String>>, text: &str) -> String {
        let mut lines = String::new();
        let until = Instant::now() + PATIENCE;
        let log = from.lock().unwrap();
        loop {
            match log.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => lines = lines + "\n" + &line,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("the log has no {text:?}:{lines}")
                }
            }
        }
    }

    /// Waits until the server has read all earlier bytes. (A thread that reads may be a little late.)
    pub(crate) fn settle(&self) {
        thread::sleep(Duration::from_millis(10));
        Client::plain(self.http).ask(&get(REDIRECT)).ok();
    }

    /// Returns the lines of the log that no test has waited for.
    pub(crate) fn log_so_far(&self) -> Vec<String> {
        self.log.lock().unwrap().try_iter().collect()
    }

    /// Returns the memory of the process; `None` where the system does not report it.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.served.child.id())).ok()?;
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix(" kB")?.parse().ok()
        };
        Some(Memory { resident: value("VmRSS:")?, peak: value("VmHWM:")? })
    }

    pub(crate) fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.served.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits for the end of the process.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.served.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the process does not end");
    }

    /// Ends the process as an operator would. Returns its files.
    pub(crate) fn stop(mut self) -> Scratch {
        self.signal("-TERM");
        assert!(self.end().success());
        std::mem::replace(&mut self.scratch, Scratch(PathBuf::new()))
    }

    /// Kills the process, as a power cut would.
    pub(crate) fn kill(mut self) -> Scratch {
        self.served.kill();
        std::mem::replace(&mut self.scratch, Scratch(PathBuf::new()))
    }
}

/// Memory of a process, in kB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// Maximum so far.
    pub(crate) peak: u64,
}

/// Output of a program that ended.
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) errors: String,
}

pub(crate) fn run(scratch: &Scratch, arguments: &[&str]) -> Said {
    let mut child = program(scratch, arguments).spawn().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    Said { status: child.wait().unwrap().code(), errors }
}

/// Returns the files of a directory, in order.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}
