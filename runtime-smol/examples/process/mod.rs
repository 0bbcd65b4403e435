//! The measured server, as a process of its own.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

/// A running server. Dropping it kills the process and removes its data.
pub(super) struct Server {
    child: Child,
    pub(super) data: PathBuf,
    pub(super) http: SocketAddr,
    pub(super) https: SocketAddr,
}

impl Server {
    /// Starts a server with this command, such as `taskset -c 0 target/release/mmcos`, on free ports. It trusts every
    /// Steam ticket.
    pub(super) fn start(command: &[String], arguments: &[&str]) -> Self {
        let (program, first) = command.split_first().expect("give the command that starts the server");
        let data = env::temp_dir().join(format!("mmcos-measured-{}", std::process::id()));
        let mut child = Command::new(program)
            .args(first)
            .args([
                "--http",
                "127.0.0.1:0",
                "--https",
                "127.0.0.1:0",
                "--identity",
                "trust",
                "--log",
                "error",
            ])
            .args(["--max-connections", "16384", "--max-connections-per-address", "16384", "--data-dir"])
            .arg(&data)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut setup = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut door = |name: &str| {
            let line = setup.find(|line| line.starts_with(name)).expect("the program ended before it served");
            line.split_whitespace().last().unwrap().parse().unwrap()
        };
        let (https, http) = (door("HTTPS "), door("HTTP "));
        thread::spawn(move || setup.for_each(drop));
        Self { child, data, http, https }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}
