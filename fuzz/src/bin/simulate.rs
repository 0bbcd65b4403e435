//! Simulates a season of the whole server, with everything that can go wrong: `simulate --help`.
#![expect(clippy::arithmetic_side_effects, clippy::cast_precision_loss, reason = "counts of requests")]

use std::{
    fs,
    ops::RangeInclusive,
    process::{Command, ExitCode},
    str::FromStr,
    time::Instant,
};

use lexopt::{Arg, Parser, ValueExt as _};
use mmcos_fuzz::sim::{self, Failure, Faults, Scenario};

const HELP: &str = "\
Simulates players, a network, a machine and a store around the whole server, and checks that everything holds.

  --seed N           of all that happens  [1]
  --players N        [12; with --days of 1 or more: 1000]
  --days N           how long they play  [0.1]
  --sessions N       how often each comes in a day  [60; with --days of 1 or more: 1]
  --faults NAMES     what may go wrong: all, none, or a list  [all]
  --byte-by-byte     every byte arrives by itself
  --thrice           every run again, and once more byte by byte, to see that it comes to the same
  --no-shrinking     do not look for a smaller scenario when something does not hold
  --seeds A-B        a run of each of these seeds

When something does not hold, looks for the smallest scenario in which it does not, and prints how to see it again.
";

fn main() -> ExitCode {
    match parse(Parser::from_env()) {
        Ok(Some(plan)) => plan.carry_out(),
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}; --help shows every option");
            ExitCode::FAILURE
        }
    }
}

struct Plan {
    scenario: Scenario,
    seeds: RangeInclusive<u64>,
    thrice: bool,
    shrinking: bool,
}

impl Plan {
    fn carry_out(&self) -> ExitCode {
        let began = Instant::now();
        let (mut requests, mut lives) = (0, 0);
        let run = if self.thrice { sim::run_thrice } else { sim::run };
        for seed in self.seeds.clone() {
            let scenario = Scenario { seed, ..self.scenario };
            match run(&scenario) {
                Ok(outcome) => {
                    requests += outcome.requests;
                    lives += u64::from(outcome.lives);
                    println!("seed {seed}: {outcome}");
                }
                Err(failure) => return self.fail(&failure),
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        let rate = requests as f64 / seconds;
        println!("all held: {requests} requests to {lives} servers in {seconds:.2} s, {rate:.0} a second");
        ExitCode::SUCCESS
    }

    fn fail(&self, failure: &Failure) -> ExitCode {
        println!("{failure}\n  commit {}", commit());
        if self.shrinking {
            println!("looking for a smaller scenario");
            let smallest = sim::shrink(failure);
            println!("{smallest}");
            let file = format!("simulation-{}.trace", smallest.scenario.seed);
            match fs::write(&file, sim::trace(&smallest.scenario)) {
                Ok(()) => println!("  trace: cargo run -p mmcos-game --example replay -- {file}"),
                Err(error) => println!("  no trace: cannot write {file}: {error}"),
            }
        }
        ExitCode::FAILURE
    }
}

/// Returns the commit of the sources in the current directory.
fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    output.map_or("unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn parse(mut arguments: Parser) -> Result<Option<Plan>, lexopt::Error> {
    let mut scenario = Scenario::short(1);
    let (mut seeds, mut players, mut sessions) = (None, None, None);
    let (mut thrice, mut shrinking) = (false, true);
    while let Some(argument) = arguments.next()? {
        let Arg::Long(name) = argument else { return Err(argument.unexpected()) };
        match name {
            "help" => return Ok(None),
            "byte-by-byte" => scenario.byte_by_byte = true,
            "thrice" => thrice = true,
            "no-shrinking" => shrinking = false,
            "seed" => scenario.seed = number(&mut arguments)?,
            "players" => players = Some(number(&mut arguments)?),
            "days" => scenario.days = number(&mut arguments)?,
            "sessions" => sessions = Some(number(&mut arguments)?),
            "faults" => scenario.faults = faults(&arguments.value()?.string()?)?,
            "seeds" => seeds = Some(range(&arguments.value()?.string()?)?),
            _ => return Err(argument.unexpected()),
        }
    }
    let usual = if scenario.days < 1.0 { Scenario::short(0) } else { Scenario::long(0) };
    scenario.players = players.unwrap_or(usual.players);
    scenario.sessions = sessions.unwrap_or(usual.sessions);
    let seeds = seeds.unwrap_or(scenario.seed..=scenario.seed);
    Ok(Some(Plan { scenario, seeds, thrice, shrinking }))
}

fn number<T: FromStr>(arguments: &mut Parser) -> Result<T, lexopt::Error> {
    let text = arguments.value()?.string()?;
    text.parse().map_err(|_| format!("expected a number, got {text}").into())
}

fn range(text: &str) -> Result<RangeInclusive<u64>, lexopt::Error> {
    let ends = text.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    ends.ok_or_else(|| format!("expected two numbers such as 1-1000, got {text}").into())
}

fn faults(text: &str) -> Result<Faults, lexopt::Error> {
    Faults::parse(text).ok_or_else(|| {
        let names: Vec<_> = Faults::ALL.iter().map(sim::Fault::name).collect();
        format!("expected all, none, or some of {} with commas between them, got {text}", names.join(","))
            .into()
    })
}
