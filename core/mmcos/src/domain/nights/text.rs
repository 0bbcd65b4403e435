//! Nights as text: `fri 20:00-22:00 Europe/Berlin, sun 18:00-19:30 America/New_York`; and as a calendar's file.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use core::fmt::Write as _;

use super::{MAX_NIGHTS, Night, Nights, Weekly, Zone};
use mmcos_core::{
    calendar::UtcText,
    seam::Wall,
    settings::{Datum, Value},
};

const WEEKDAYS: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];

/// Returns the day of the week, from 0 for Monday, that `fri` and such stand for.
pub(crate) fn weekday_of(text: &str) -> Option<usize> {
    WEEKDAYS.iter().position(|(short, _)| *short == text)
}

impl Value for Nights {
    const HINT: &'static str = "NIGHTS";
    const EXPECTED: &'static str = "up to 14 nights with day, time from and to, and a time zone of the IANA database, \
                                    such as \"fri 20:00-22:00 Europe/Berlin, sun 18:00-19:30 Europe/Berlin\"";

    fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let nights: Vec<Weekly> = text.split(',').map(weekly).collect::<Option<_>>()?;
        (nights.len() <= MAX_NIGHTS).then_some(Self(nights))
    }

    fn explain(text: &str) -> Option<String> {
        let zones = text.split(',').filter_map(|night| night.split_whitespace().nth(2));
        let unknown = zones.into_iter().find(|zone| Zone::named(zone).is_none())?;
        Some(format!(
            "nights in time zones of the IANA database, such as Europe/Berlin; there is no zone `{unknown}`"
        ))
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.0.iter().map(Weekly::to_string).collect::<Vec<_>>().join(", "))
    }
}

fn weekly(text: &str) -> Option<Weekly> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [day, times, zone] = *words.as_slice() else { return None };
    let (from, to) = times.split_once('-')?;
    Some(Weekly {
        weekday: weekday_of(day)?,
        from: minutes(from)?,
        to: minutes(to)?,
        zone: Zone::named(zone)?,
    })
}

/// Parses a time of the day, such as `20:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        text.parse::<u16>().ok().filter(|_| (1..=2).contains(&text.len()) && !text.starts_with('+'))
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| hours.saturating_mul(60).saturating_add(minutes))
}

/// Returns a time of the day, such as `20:00`.
fn time(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60))
}

impl core::fmt::Display for Weekly {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (day, _) = WEEKDAYS.get(self.weekday).copied().unwrap_or_default();
        write!(f, "{day} {}-{} {}", time(self.from), time(self.to), self.zone.name())
    }
}

impl Night {
    /// Returns the begin for players: `Friday 20:00 (Europe/Berlin)`.
    pub fn begin(&self) -> String {
        let Weekly { weekday, from, zone, .. } = &self.weekly;
        let (_, day) = WEEKDAYS.get(*weekday).copied().unwrap_or_default();
        format!("{day} {} ({})", time(*from), zone.name())
    }

    /// Returns the end for players: `22:00 (Europe/Berlin)`.
    pub fn end(&self) -> String {
        format!("{} ({})", time(self.weekly.to), self.weekly.zone.name())
    }
}

impl Nights {
    /// Returns the next nights as a file for calendars (RFC 5545), with this title. Each night has a UID that stays
    /// the same, so that a calendar that reads the file again shows each night once.
    pub fn calendar(&self, now: Wall, title: &str) -> String {
        let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mmcos//race nights//EN\r\n".to_owned();
        let (stamp, mut after) = (compact(now), now);
        let first = self.at(now);
        let rest = core::iter::from_fn(|| {
            let next = self.next(after)?;
            after = next.starts;
            Some(next)
        });
        // Two months: calendars read such a file again each day or week.
        for night in first.into_iter().chain(rest.take(self.0.len().saturating_mul(8))) {
            let (starts, ends) = (compact(night.starts), compact(night.ends));
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "BEGIN:VEVENT\r\nUID:{starts}-night@mmcos\r\nDTSTAMP:{stamp}\r\nDTSTART:{starts}\r\nDTEND:{ends}\r\n\
                 SUMMARY:{}\r\nEND:VEVENT\r\n",
                escaped(title)
            );
        }
        text.push_str("END:VCALENDAR\r\n");
        text
    }
}

/// Returns a moment as `20260403T180000Z`.
fn compact(moment: Wall) -> String {
    UtcText::from(moment).as_str().replace(['-', ':'], "")
}

/// Escapes a text as RFC 5545 has it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmcos_core::calendar::Date;

    #[test]
    fn nights_are_written_as_they_are_read() {
        for text in
            ["", "fri 20:00-22:00 Europe/Berlin", "fri 20:00-22:00 Europe/Berlin, sun 23:30-01:00 Asia/Tokyo"]
        {
            assert_eq!(Nights::parse(text).unwrap().to_datum().to_string(), text);
        }
        assert_eq!(
            Nights::parse(" fri  8:05-22:00 UTC ").unwrap().to_datum().to_string(),
            "fri 08:05-22:00 UTC"
        );
    }

    #[test]
    fn texts_that_are_no_nights() {
        for text in [
            "fri",
            "fri 20:00-22:00",
            "fri 20:00 Europe/Berlin",
            "friday 20:00-22:00 Europe/Berlin",
            "fri 24:00-01:00 Europe/Berlin",
            "fri 20:60-22:00 Europe/Berlin",
            "fri +1:00-22:00 Europe/Berlin",
            "fri 20:00-22:00 Berlin",
            "fri 20:00-22:00 Europe/Berlin,",
        ] {
            assert_eq!(Nights::parse(text), None, "{text}");
        }
        let many = ["fri 20:00-22:00 UTC"; 15].join(",");
        assert_eq!(Nights::parse(&many), None);
        assert!(Nights::explain("fri 20:00-22:00 Berlin").unwrap().ends_with("there is no zone `Berlin`"));
    }

    #[test]
    fn a_calendar_shows_each_night_once() {
        let nights = Nights::parse("fri 20:00-22:00 Europe/Berlin").unwrap();
        let text = nights.calendar(Date::parse("2026-03-26").unwrap().start(), "Micro, Machines");
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 8);
        for line in [
            "DTSTART:20260327T190000Z",
            "DTEND:20260327T210000Z",
            "DTSTART:20260403T180000Z",
            "SUMMARY:Micro\\, Machines",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 75));
    }
}
