//! `mmcos`: the server on smol. `mmcos --help` tells all about it.

use std::{env, error::Error, process::ExitCode};

use mmcos_smol::{Hub, Server};
use mmcos_std::{host, host::Host, service_manager, serving::Serving};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mmcos: {error}");
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
    let Serving { driver, doors, renewal, signals, unread, .. } = host.serving()?;
    service_manager::ready();
    let stop = smol::unblock(|| signals.wait_and_tell());
    Ok(Server { hub: Hub::new(driver, unread), doors, renewal }.run(stop)?)
}
