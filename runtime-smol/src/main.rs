//! `mmcos`: the server on smol. `mmcos --help` tells all about it.

use std::{env, error::Error, process::ExitCode};

use mmcos_smol::{Door, Hub, Server, Unread};
use mmcos_std::{game, host, host::Host, secret, service_manager, store::Committer};

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
    let (seed, now) = (secret::random()?, host.clock.now().wall);
    let mut core = game::server(&host, seed, now)?;
    print!("{}{}", host.setup, host.dashboard());
    let mut store = host.store;
    store.restore(&mut core, now)?;
    let mut doors = Vec::new();
    if let Some(http) = host.http {
        doors.push(Door { listener: http.listener, tls: None });
    }
    let mut renewal = None;
    if let Some(https) = host.https {
        doors.push(Door { listener: https.bound.listener, tls: Some(https.tls.config()) });
        renewal = Some(https.renewal);
    }
    let signals = host.signals;
    service_manager::ready();
    let stop = async {
        if let Err(error) = smol::unblock(|| signals.wait()).await {
            log::error!("cannot wait for Ctrl-C: {error}");
        }
        log::info!("stopping: what is held is answered, nothing new is taken");
    };
    let unread = Unread { bytes: host.config.max_queued_bytes.get(), time: host.config.read_seconds.get() };
    let hub = Hub::new(core, Committer::start(store)?, host.clock).with_unread(unread);
    Server { hub, doors, renewal }.run(stop)?;
    Ok(())
}
