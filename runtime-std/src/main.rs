//! `mmcos-std`: the server on threads. `mmcos-std --help` tells all about it.

use std::process::ExitCode;

use mmcos_game::Mmcos;

fn main() -> ExitCode {
    mmcos_std::main::<Mmcos>()
}
