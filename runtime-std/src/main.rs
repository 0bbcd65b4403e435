//! `mmcos-std`: the server on threads. See `mmcos-std --help`.

use std::process::ExitCode;

use mmcos_game::Mmcos;

fn main() -> ExitCode {
    mmcos_std::main::<Mmcos>()
}
