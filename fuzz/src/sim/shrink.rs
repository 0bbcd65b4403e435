use super::{Failure, Fault, Scenario, run, run_thrice};

/// Looks for a smaller scenario that fails alike: a shorter one, with fewer players and fewer kinds of faults.
pub fn shrink(failure: &Failure) -> Failure {
    let run = if failure.invariant.needs_several_runs() { run_thrice } else { run };
    let fails = |scenario| run(&scenario).err().filter(|again| again.is_like(failure));
    let mut smallest = failure.clone();
    loop {
        let smaller = candidates(&smallest).find_map(fails);
        let Some(smaller) = smaller else { return smallest };
        smallest = *smaller;
    }
}

/// Returns smaller scenarios that may fail too, the greatest steps first.
fn candidates(failure: &Failure) -> impl Iterator<Item = Scenario> {
    let scenario = failure.scenario;
    let fewer = [scenario.players / 2, scenario.players - scenario.players / 4, scenario.players - 1];
    let players = fewer.into_iter().filter(move |players| (1..scenario.players).contains(players));
    let players = players.map(move |players| Scenario { players, ..scenario });
    // Nothing that happens later has to do with it; a failure that is noticed only at the end needs a margin.
    let shorter = [0.25, 0.5, 0.75, 0.9].map(|part| scenario.days * part);
    let days = shorter.into_iter().map(move |days| Scenario { days, ..scenario });
    let faults = Fault::ALL.into_iter().filter(move |fault| scenario.faults.has(*fault));
    let faults = faults.map(move |fault| Scenario { faults: scenario.faults.without(fault), ..scenario });
    days.filter(|scenario| scenario.days > 0.001).chain(players).chain(faults)
}
