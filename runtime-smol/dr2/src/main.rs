//! `dr2`: a server for `DiRT` Rally 2.0. See `dr2 --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mmcos_smol::main::<dr2::Dr2>()
}
