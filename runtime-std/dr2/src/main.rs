//! `dr2-std`: a server for `DiRT` Rally 2.0. See `dr2-std --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mmcos_std::main::<dr2::Dr2>()
}
