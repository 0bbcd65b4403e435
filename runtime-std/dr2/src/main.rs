//! `dr2-std`: a server for `DiRT` Rally 2.0. `dr2-std --help` tells all about it.

use std::process::ExitCode;

fn main() -> ExitCode {
    mmcos_std::main::<dr2::Dr2>()
}
