//! Prints a report on the matchmaker with populations of different sizes: `matchmaking-report --help`.

use std::{process::ExitCode, str::FromStr, time::Duration};

use lexopt::{Arg, Parser, ValueExt as _};
use mmcos_fuzz::report::{Plan, report};
use mmcos_game::matchmaker::{Config, Folding};

const HELP: &str = "\
Simulates players against the server and reports how they meet.

  --online N,N,…          players online on average  [2,5,10,30,100,1000]
  --seeds N,N,…           one run for each  [7,8,9]
  --searches N            about how many searches a run has  [20000]
  --bucket NAME           exact, rule-set or any-unranked  [exact]
  --gather-seconds N      [5]
  --ai-hold N             seconds  [0]
  --poll-seconds N        [25]
  --search-seconds N      [70]
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
    let Some((plan, bucket)) = parse(Parser::from_env())? else {
        print!("{HELP}");
        return Ok(());
    };
    let Config { gather, ai_hold, poll, .. } = plan.matchmaker;
    println!(
        "bucket {bucket}, gather {} s, AI hold {} s, polls of {} s, AI after {} s; seeds {:?}\n",
        gather.as_secs_f64(),
        ai_hold.as_secs_f64(),
        poll.as_secs_f64(),
        plan.ai_after_seconds,
        plan.seeds
    );
    print!("{}", report(&plan));
    Ok(())
}

fn parse(mut arguments: Parser) -> Result<Option<(Plan, String)>, lexopt::Error> {
    let mut bucket = "exact".to_owned();
    let mut plan = Plan {
        matchmaker: Config::default(),
        ai_after_seconds: 70,
        online: vec![2, 5, 10, 30, 100, 1000],
        seeds: vec![7, 8, 9],
        tickets: 20_000,
    };
    while let Some(argument) = arguments.next()? {
        let Arg::Long(name) = argument else { return Err(argument.unexpected()) };
        let name = name.to_owned();
        if name == "help" {
            return Ok(None);
        }
        let value = arguments.value()?.string()?;
        let matchmaker = &mut plan.matchmaker;
        match name.as_str() {
            "online" => plan.online = list(&value)?,
            "seeds" => plan.seeds = list(&value)?,
            "searches" => plan.tickets = number(&value)?,
            "gather-seconds" => matchmaker.gather = seconds(&value)?,
            "ai-hold" => matchmaker.ai_hold = seconds(&value)?,
            "poll-seconds" => matchmaker.poll = seconds(&value)?,
            "search-seconds" => plan.ai_after_seconds = number(&value)?,
            "bucket" => {
                matchmaker.folding = folding(&value)?;
                bucket = value;
            }
            _ => return Err(format!("there is no option --{name}").into()),
        }
    }
    Ok(Some((plan, bucket)))
}

fn list<T: FromStr>(text: &str) -> Result<Vec<T>, lexopt::Error> {
    text.split(',').map(number).collect()
}

fn number<T: FromStr>(text: &str) -> Result<T, lexopt::Error> {
    text.parse().map_err(|_| format!("expected a number, got {text}").into())
}

fn seconds(text: &str) -> Result<Duration, lexopt::Error> {
    let duration = Duration::try_from_secs_f64(number(text)?);
    duration.map_err(|_| format!("expected seconds, got {text}").into())
}

fn folding(text: &str) -> Result<Folding, lexopt::Error> {
    match text {
        "exact" => Ok(Folding::Exact),
        "rule-set" => Ok(Folding::RuleSet),
        "any-unranked" => Ok(Folding::AnyUnranked),
        _ => Err(format!("expected exact, rule-set or any-unranked, got {text}").into()),
    }
}
