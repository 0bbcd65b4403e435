//! Plays a trace again and compares what is sent: `cargo run -p mmcos-game --example replay -- FILE`
//!
//! A trace is what `mmcos --record FILE` writes; its format is explained at `mmcos_core::trace`.

use std::{env, fs, process::ExitCode};

use mmcos_core::trace::{Replayed, replay};
use mmcos_game::Mmcos;

fn main() -> ExitCode {
    match run() {
        Ok(Replayed { inputs, sent }) => {
            println!("the same again: {inputs} inputs, {sent} bytes sent");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("replay: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Replayed, String> {
    let file = env::args().nth(1).ok_or("give the name of a trace: replay FILE")?;
    let trace = fs::read_to_string(&file).map_err(|error| format!("cannot read {file}: {error}"))?;
    replay::<Mmcos>(&trace).map_err(|error| format!("{file}, {error}"))
}
