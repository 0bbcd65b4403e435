//! `mmcos-std`: the server on threads. `mmcos-std --help` tells all about it.

use std::{env, error::Error, process::ExitCode, thread};

use mmcos_std::host::{self, Host};
use mmcos_std::server::Server;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mmcos-std: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    match host::start(env::args_os().skip(1))? {
        Some(host) => serve(host),
        None => Ok(()),
    }
}

fn serve(host: Host) -> Result<(), Box<dyn Error>> {
    let serving = host.serving()?;
    let server = Server::new(serving.driver, serving.doors, serving.renewal, serving.connections);
    let (stop, signals) = (server.stop(), serving.signals);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        signals.wait_and_tell();
        stop.stop();
    })?;
    Ok(server.run()?)
}
