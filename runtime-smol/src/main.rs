//! `mmcos`: the server on smol. `mmcos --help` tells all about it.

use std::{env, error::Error, process::ExitCode};

use mmcos_core::game::Game as _;
use mmcos_game::Mmcos;
use mmcos_smol::{Hub, Server};
use mmcos_std::{host, host::Host, log, service_manager, serving::Serving};

fn main() -> ExitCode {
    log::conclude("mmcos", &run())
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
    let stop = smol::unblock(|| caretaker.watch());
    Ok(Server { hub: Hub::new(driver, write_limits), doors }.run(stop)?)
}
