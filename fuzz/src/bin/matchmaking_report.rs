//! Prints a report on the matchmaker with populations of different sizes: `matchmaking-report --help`.

use std::{process::ExitCode, str::FromStr, time::Duration};

use lexopt::{Arg, Parser, ValueExt as _};
use mmcos_core::settings::Settings as _;
use mmcos_fuzz::{
    population::Steering,
    report::{Plan, report},
    virtual_time::trusting,
};
use mmcos_game::{mode_of_the_day::ModePlan, settings::preset::Preset};

/// Race nights where people come to them, unless others are set.
const NIGHTS: &str = "fri 20:00-22:00 Europe/Berlin, sun 20:00-22:00 Europe/Berlin";

const HELP: &str = "\
Simulates players against the server and reports how they meet.

  --online N,N,…          players online on average  [2,5,10,30,100,1000]
  --seeds N,N,…           one run for each  [7,8,9]
  --searches N            about how many searches a run has  [20000]
  --calls SHARE           calls that bring a friend, after 2 to 6 minutes  [0]
  --follow SHARE          groups that play the mode of the day, which is another each day  [0]
  --pages SHARE           searches that join one which the public page shows  [0]
  --attend SHARE          groups that come to the next race night instead, on Friday or Sunday evening  [0]
  --quiet-seconds N       quiet time of the webhook  [1800]

Every setting of the game is an option too, such as:

  --preset NAME           official, friends or community  [official]
  --bucket NAME           exact, rule-set or any-unranked
  --search-seconds N
  --ai-hold N
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}; --help shows every option");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), lexopt::Error> {
    let Some((plan, options)) = parse(Parser::from_env())? else {
        print!("{HELP}");
        return Ok(());
    };
    println!("options {options}; seeds {:?}\n", plan.seeds);
    print!("{}", report(&plan));
    Ok(())
}

/// Returns the plan, and the options of the server and its players as text.
fn parse(mut arguments: Parser) -> Result<Option<(Plan, String)>, lexopt::Error> {
    let mut plan = Plan {
        server: trusting(),
        online: vec![2, 5, 10, 30, 100, 1000],
        seeds: vec![7, 8, 9],
        steering: Steering::default(),
        quiet: Duration::from_mins(30),
        tickets: 20_000,
    };
    let mut given = Vec::new();
    plan.server.preset = Preset::Official;
    while let Some(argument) = arguments.next()? {
        let Arg::Long(name) = argument else { return Err(argument.unexpected()) };
        let name = name.to_owned();
        if name == "help" {
            return Ok(None);
        }
        let value = arguments.value()?.string()?;
        match name.as_str() {
            "online" => plan.online = list(&value)?,
            "seeds" => plan.seeds = list(&value)?,
            "searches" => plan.tickets = number(&value)?,
            "calls" => plan.steering.calls = share(&value)?,
            "follow" => {
                plan.steering.follow = share(&value)?;
                if plan.server.mode_of_the_day == ModePlan::Off {
                    plan.server.mode_of_the_day = ModePlan::Daily;
                }
            }
            "pages" => plan.steering.pages = share(&value)?,
            "attend" => {
                plan.steering.nights = share(&value)?;
                if plan.server.nights.is_empty() {
                    plan.server.set("nights", NIGHTS).map_err(|error| error.to_string())?;
                }
            }
            "quiet-seconds" => plan.quiet = seconds(&value)?,
            _ => plan.server.set(&name, &value).map_err(|error| error.to_string())?,
        }
        if !["online", "seeds", "searches"].contains(&name.as_str()) {
            given.push(format!("--{name} {value}"));
        }
    }
    let options = if given.is_empty() { "none".to_owned() } else { given.join(" ") };
    Ok(Some((plan, options)))
}

fn list<T: FromStr>(text: &str) -> Result<Vec<T>, lexopt::Error> {
    text.split(',').map(number).collect()
}

fn number<T: FromStr>(text: &str) -> Result<T, lexopt::Error> {
    text.parse().map_err(|_| format!("expected a number, got {text}").into())
}

fn share(text: &str) -> Result<f64, lexopt::Error> {
    let share: f64 = number(text)?;
    let valid = (0.0..=1.0).contains(&share);
    valid.then_some(share).ok_or_else(|| format!("expected a share from 0 to 1, got {text}").into())
}

fn seconds(text: &str) -> Result<Duration, lexopt::Error> {
    let duration = Duration::try_from_secs_f64(number(text)?);
    duration.map_err(|_| format!("expected seconds, got {text}").into())
}
