//! Findings about settings and stored records, for operators.

use alloc::format;

use mmcos_core::{calendar::UtcText, game::Finding, seam::Wall, settings::Live};

use crate::{
    IdentityPolicy, Record, Settings,
    settings::advice::{self, Advice},
};

const DAY: i64 = 86_400_000;

pub(crate) fn identity(settings: &Settings) -> Finding {
    match settings.identity {
        IdentityPolicy::Verify(_) => Finding::ok("identity", "players need a ticket that Steam signed"),
        IdentityPolicy::Trust => Finding::warning(
            "identity",
            "identity = \"trust\": anyone who can reach this server can play under any name. That suits a LAN of \
             friends; anywhere else, set identity = \"verify\".",
        ),
    }
}

/// Returns a recommendation of a preset, by the hours of play that are stored.
pub(crate) fn preset(settings: &Settings, records: &[Record]) -> Option<Finding> {
    let mut settings = Live::new(settings.clone());
    for record in records {
        if let Record::Setting { name, value: Some(value) } = record {
            // A value that this version would not accept any more has no effect.
            let _ = settings.set(name, value);
        }
    }
    let hours = records.iter().filter_map(|record| match record {
        Record::Hour(hour) => Some(*hour),
        _ => None,
    });
    let Advice { is_followed, text } = advice::of(&settings, hours)?;
    let find = if is_followed { Finding::ok } else { Finding::warning };
    Some(find("preset", text))
}

/// Returns a finding about a record from the future: the clock is behind, or was ahead.
pub(crate) fn record(record: &Record, now: Wall) -> Option<Finding> {
    let tomorrow = Wall::from_millis(now.as_millis().saturating_add(DAY));
    match record {
        Record::SeasonStarted(season) if season.starts > tomorrow => {
            let number = season.season.0;
            Some(Finding::problem(
                "store",
                format!(
                    "season {number} begins only at {} by this machine's clock. If the clock is right now, it was \
                     ahead when the season began. Give the season its right number on the dashboard (all points stay \
                     as they are), or stop the server and restore the copy that was made before the season, if there \
                     is one: mmcos restore seasons/before-season-{number}.db, in the data directory.",
                    UtcText::from(season.starts),
                ),
            ))
        }
        Record::Player(player) if player.profile.last_seen > tomorrow => Some(Finding::problem(
            "store",
            "players were seen at times that this machine's clock has not reached: it is behind, or was ahead. Set it, \
             because seasons and the check of Steam tickets depend on it.",
        )),
        Record::SeasonStarted(_)
        | Record::Player(_)
        | Record::Match(_)
        | Record::MatchForgotten(_)
        | Record::Result(_)
        | Record::Ban(_)
        | Record::Unban(_)
        | Record::Setting { .. }
        | Record::Prize(_)
        | Record::Podium(_)
        | Record::Hour(_)
        | Record::Load(_)
        | Record::MinuteLoads(_)
        | Record::EventByHand(_)
        | Record::Plan(_)
        | Record::PlanRemoved(_)
        | Record::Operator(_)
        | Record::OperatorRemoved(_)
        | Record::PlayerDeleted(_)
        | Record::Adjusted(_)
        | Record::Audit(_)
        | Record::AuditForgotten(_) => None,
    }
}
