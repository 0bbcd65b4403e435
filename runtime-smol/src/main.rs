//! `mmcos`: the server on smol. See `mmcos --help`.

use std::process::ExitCode;

use mmcos_game::Mmcos;

fn main() -> ExitCode {
    mmcos_smol::main::<Mmcos>()
}
