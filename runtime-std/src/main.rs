//! `mmcos-std`: the server on threads. `mmcos-std --help` tells all about it.

use std::{env, error::Error, process::ExitCode, thread};

use mmcos_core::game::Game as _;
use mmcos_game::Mmcos;
use mmcos_std::host::{self, Host};
use mmcos_std::log;
use mmcos_std::server::Server;
use mmcos_std::service_manager;
use mmcos_std::serving::Serving;

fn main() -> ExitCode {
    log::conclude("mmcos-std", &run())
}

fn run() -> Result<(), Box<dyn Error>> {
    match host::start(&Mmcos::INFO, env::args_os().skip(1))? {
        Some(host) => serve(host),
        None => Ok(()),
    }
}

fn serve(host: Host) -> Result<(), Box<dyn Error>> {
    let Serving { driver, doors, caretaker, write_limits } = host.serving()?;
    service_manager::ready();
    let server = Server::new(driver, doors, write_limits);
    let stop = server.stop();
    thread::Builder::new().name("caretaker".to_owned()).spawn(move || {
        caretaker.watch();
        stop.stop();
    })?;
    Ok(server.run()?)
}
