//! A `PostgreSQL` server of the tests' own, where Debian's package is installed.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

/// A running server with an empty data directory. It ends with this process, however that ends.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    dir: PathBuf,
    databases: AtomicU32,
    port: AtomicU16,
    guard: Child,
}

static CLUSTERS: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    /// Returns the server that all tests of this process share. `None`, and a line in the test's output, if
    /// `PostgreSQL` is not installed.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os("MMCOS_POSTGRES").is_none(),
                "MMCOS_POSTGRES is set, but there is no initdb"
            );
            eprintln!("skipped: PostgreSQL is not installed (no initdb)");
            return None;
        };
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("mmcos-pg-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&dir).status().unwrap().success());
        }
        // The end of its input is the end of this process, also of one that is killed.
        let stop = "read -r _; for pid in $(cat \"$1/data/postmaster.pid\" 2>/dev/null | head -n 1); do \
            kill -CONT $pid; kill -QUIT $pid; while kill -0 $pid 2>/dev/null; do sleep 0.1; done; done; rm -rf \"$1\"";
        let mut guard = Command::new("sh");
        guard.args(["-c", stop, "sh"]).arg(&dir).stdin(Stdio::piped()).stdout(Stdio::null());
        let guard = guard.stderr(Stdio::null()).spawn().unwrap();
        let cluster = Self { programs, dir, databases: AtomicU32::new(0), port: AtomicU16::new(5432), guard };
        let data = cluster.data();
        cluster.run("initdb", &["-N", "-A", "trust", "-U", "mmcos", "-E", "UTF8", "--locale=C", "-D", &data]);
        let addresses = if is_filtered() { "*" } else { "" };
        let config = format!(
            "listen_addresses = '{addresses}'\nunix_socket_directories = '{}'\nshared_buffers = 16MB\n",
            cluster.dir.display()
        );
        for (name, more) in
            [("postgresql.conf", &*config), ("pg_hba.conf", "host all all 127.0.0.0/8 trust\n")]
        {
            let file = cluster.dir.join("data").join(name);
            fs::write(&file, fs::read_to_string(&file).unwrap() + more).unwrap();
        }
        cluster.go_on();
        Some(cluster)
    }

    /// Makes a database. Returns its URL.
    pub(crate) fn database(&self) -> String {
        let name = format!("mmcos{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&self.url("postgres"), &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// Restarts the server with TLS on 127.0.0.1. Returns its port.
    pub(crate) fn encrypt(&self, certificate: &str, key: &str) -> u16 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = self.url("postgres");
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            // Written by the server, so that the file is its own.
            self.sql(
                &url,
                &format!(
                    "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO '{}/{name}'",
                    pem.trim(),
                    self.data()
                ),
            );
            self.run("chmod", &["600", &format!("{}/{name}", self.data())]);
        }
        self.sql(&url, "ALTER SYSTEM SET ssl = on");
        self.sql(&url, "ALTER SYSTEM SET listen_addresses = '127.0.0.1'");
        self.sql(&url, &format!("ALTER SYSTEM SET port = {port}"));
        self.stop();
        self.go_on();
        self.port.store(port, Ordering::Relaxed);
        port
    }

    fn url(&self, name: &str) -> String {
        let port = self.port.load(Ordering::Relaxed);
        format!("postgres://mmcos@/{name}?host={}&port={port}", self.dir.display())
    }

    /// Executes SQL as another program does. Returns the rows, a line each, with `|` between the columns.
    pub(crate) fn sql(&self, url: &str, sql: &str) -> String {
        self.run("psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
    }

    /// Lays a network to the server: a program that passes bytes on, or with `MMCOS_IPTABLES`, in a network namespace
    /// of the test's own, an address.
    pub(crate) fn network(&self) -> Network {
        if is_filtered() {
            let number = self.databases.fetch_add(1, Ordering::Relaxed);
            return Network { address: format!("127.0.1.{number}:5432"), cut: Arc::default() };
        }
        let socket = self.dir.join(format!(".s.PGSQL.{}", self.port.load(Ordering::Relaxed)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, cut) = (listener.local_addr().unwrap().to_string(), Arc::new(Cut::default()));
        let state = Arc::clone(&cut);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (cut, socket) = (Arc::clone(&state), socket.clone());
                thread::spawn(move || {
                    cut.wait();
                    // A server that is stopped refuses: the client is closed.
                    let Ok(server) = UnixStream::connect(socket) else { return };
                    let (to_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            cut.pass(client, &to_server);
                            let _ = to_server.shutdown(Shutdown::Both);
                        });
                        cut.pass(server, &to_client);
                        let _ = to_client.shutdown(Shutdown::Both);
                    });
                });
            }
        });
        Network { address, cut }
    }

    /// Returns all rows of a database, and none that were deleted.
    pub(crate) fn dump(&self, url: &str) -> String {
        self.run("pg_dump", &["--data-only", url])
    }

    /// Starts the server after [`stop`](Self::stop).
    pub(crate) fn go_on(&self) {
        let log = self.dir.join("log").display().to_string();
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-s", "-l", &log, "start"]);
    }

    /// Stops the server at once, without a checkpoint, as a crash does.
    pub(crate) fn stop(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-s", "-m", "immediate", "stop"]);
    }

    /// Pauses all processes of the server.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Continues after [`pause`](Self::pause).
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let file = fs::read_to_string(self.dir.join("data/postmaster.pid")).unwrap();
        let parent = file.lines().next().unwrap().to_owned();
        // A process that has ended meanwhile is none to pause.
        let kill = |all: &mut dyn Iterator<Item = &str>| {
            Command::new("kill").arg(signal).args(all).stderr(Stdio::null()).status().unwrap()
        };
        // The parent before the others are listed: it must not start another, or notice that one is gone.
        kill(&mut [parent.as_str()].into_iter());
        let children = Command::new("pgrep").args(["-P", &parent]).output().unwrap();
        kill(&mut String::from_utf8(children.stdout).unwrap().lines());
    }

    fn data(&self) -> String {
        self.dir.join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        // Of PostgreSQL's, or the system's.
        let path = self.programs.join(program);
        let path = if path.exists() { path } else { program.into() };
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // A server that was started would keep pipes of this process open: files in their place.
        let [out, error] = ["out", "error"].map(|name| {
            let thread = format!("{:?}", std::thread::current().id());
            self.dir.join(format!("{name}-{}", thread.replace(['(', ')'], "")))
        });
        let files = [&out, &error].map(|path| fs::File::create(path).unwrap());
        let [to_out, to_error] = files;
        let status = command
            .args(arguments)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(to_out)
            .stderr(to_error)
            .status()
            .unwrap();
        let [out, error] = [out, error].map(|path| fs::read_to_string(path).unwrap());
        assert!(status.success(), "{program} {arguments:?}: {error}");
        out.trim_end().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// A network between a client and the server. While it is cut, nothing passes and nothing is closed; what was sent
/// arrives later.
#[derive(Debug)]
pub(crate) struct Network {
    address: String,
    cut: Arc<Cut>,
}

#[derive(Debug, Default)]
struct Cut(AtomicBool);

impl Network {
    /// Returns the URL of a database at this end of the network.
    pub(crate) fn url(&self, url: &str) -> String {
        let name = url.split(['/', '?']).nth(3).unwrap();
        format!("postgres://mmcos@{}/{name}", self.address)
    }

    pub(crate) fn cut(&self) {
        if !self.cut.0.swap(true, Ordering::SeqCst) {
            self.filter("-I");
        }
    }

    pub(crate) fn mend(&self) {
        if self.cut.0.swap(false, Ordering::SeqCst) {
            self.filter("-D");
        }
    }

    /// Adds or removes rules by which packets are lost, either way.
    fn filter(&self, change: &str) {
        let Some(address) = self.address.strip_suffix(":5432").filter(|_| is_filtered()) else { return };
        for end in ["-s", "-d"] {
            let rule = [change, "INPUT", end, address, "-j", "DROP"];
            assert!(Command::new("iptables").args(rule).status().unwrap().success());
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.mend();
    }
}

impl Cut {
    fn wait(&self) {
        while self.0.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn pass(&self, mut from: impl Read, mut to: impl Write) {
        let mut bytes = [0; 16384];
        loop {
            let count = from.read(&mut bytes).unwrap_or_default();
            // The end of a connection does not pass either.
            self.wait();
            if count == 0 || to.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
    }
}

/// Returns the directory of `PostgreSQL`'s programs.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut places = std::env::split_paths(&path).chain(debian);
    places.find(|place: &PathBuf| Path::new(&place.join("initdb")).exists())
}

fn is_filtered() -> bool {
    std::env::var_os("MMCOS_IPTABLES").is_some()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}
