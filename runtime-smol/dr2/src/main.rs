//! `dr2`: a server for `DiRT` Rally 2.0. `dr2 --help` tells all about it.

use std::process::ExitCode;

fn main() -> ExitCode {
    mmcos_smol::main::<dr2::Dr2>()
}
