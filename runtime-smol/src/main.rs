//! mmcos.

use std::net::TcpListener;

use mmcos_core::{
    engine::Limits,
    mmcos::{Config, Mmcos},
};
use mmcos_smol::{Door, Hub, Server};
use mmcos_std::clock::Clock;

fn main() -> std::io::Result<()> {
    let core = mmcos_core::Server::new(Mmcos::new(Config::default()), Limits::default(), [0; 32]);
    let doors = vec![Door { listener: TcpListener::bind("127.0.0.1:8080")?, tls: None }];
    Server { hub: Hub::new(core, Clock::start()), doors }.run(std::future::pending())
}
