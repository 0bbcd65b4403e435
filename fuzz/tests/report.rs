//! The report of small populations.

use std::time::Duration;

use mmcos_core::settings::Value as _;
use mmcos_fuzz::{
    population::Steering,
    report::{Plan, Row, report},
    virtual_time::trusting,
};
use mmcos_game::{
    Settings,
    nights::Nights,
    settings::preset::{ByPreset, Preset},
};

fn plan(online: u32, tickets: u32, seeds: &[u64]) -> Plan {
    Plan {
        server: Settings { preset: Preset::Official, ..trusting() },
        online: vec![online],
        seeds: seeds.to_vec(),
        steering: Steering::default(),
        quiet: Duration::from_mins(30),
        tickets,
    }
}

#[test]
fn the_same_seed_gives_the_same_report_and_another_seed_another() {
    let plan = |seed| plan(20, 100, &[seed]);
    assert_eq!(report(&plan(7)), report(&plan(7)));
    assert_ne!(report(&plan(7)), report(&plan(8)));
}

#[test]
fn people_meet_and_no_rule_is_broken() {
    let row = Row::of(&plan(30, 400, &[1]).run(30));
    assert!(row.tickets > 250, "{row}");
    assert!((60.0..90.0).contains(&row.met), "{row}");
    assert!((2.0..4.0).contains(&row.humans), "{row}");
    assert!(row.wait_p50 >= 5.0 && row.wait_p95 <= 83.0, "{row}");
    assert_eq!((row.alone_beside_open, row.other_breaches), (0, 0));
}

/// A setting of the operator changes what players experience.
#[test]
fn ai_sooner_means_meeting_fewer() {
    let patient = plan(10, 400, &[1]);
    let mut hasty = patient.clone();
    hasty.server.search_seconds = ByPreset::Own(Duration::from_secs(20));
    let [patient, hasty] = [patient, hasty].map(|plan| Row::of(&plan.run(10)));
    assert!(hasty.met + 5.0 < patient.met, "{hasty}\n{patient}");
    assert!(hasty.wait_p95 <= 26.0 + 5.0, "{hasty}");
}

#[test]
fn race_nights_bring_players_together() {
    let alone = plan(5, 600, &[1]);
    let mut together = alone.clone();
    together.server.nights = Nights::parse("mon 6:00-8:00 UTC, mon 12:00-14:00 UTC").unwrap();
    together.steering.nights = 0.5;
    let [alone, together] = [alone, together].map(|plan| Row::of(&plan.run(5)));
    assert!(together.met > alone.met + 5.0, "{alone}\n{together}");
    assert_eq!((together.alone_beside_open, together.other_breaches), (0, 0));
}
