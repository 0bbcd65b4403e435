//! `mmcos`: the server on smol. `mmcos --help` tells all about it.

use std::process::ExitCode;

use mmcos_game::Mmcos;

fn main() -> ExitCode {
    mmcos_smol::main::<Mmcos>()
}
