//! Limits log events that strangers can cause at will: the first of each kind and address is logged, the others are
//! counted and summarised once a period.

use alloc::{collections::BTreeMap, vec::Vec};
use core::{net::IpAddr, time::Duration};

use super::{Event, ReportKind, Source};

/// Period of a summary.
pub(super) const PERIOD: Duration = Duration::from_mins(1);
/// Maximum number of sources that are counted separately, of all kinds together. (Our choice; the others are counted
/// together.)
const SOURCES: usize = 256;
/// Events of this period.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// Number of events of a source that were left out of the log after the first.
    counts: BTreeMap<(ReportKind, Source), u64>,
    /// Number of events of sources beyond [`SOURCES`] that were left out of the log.
    others: BTreeMap<ReportKind, u64>,
}

impl Reports {
    /// Returns true if an event of this kind and source is to be logged. Otherwise counts it.
    pub(super) fn count(&mut self, what: ReportKind, from: IpAddr) -> bool {
        // By the unit of the limits, or one IPv6 customer could fill the log from 2^64 addresses.
        let key = (what, Source::of(from));
        let has_room = self.counts.len() < SOURCES;
        let left_out = match self.counts.get_mut(&key) {
            Some(left_out) => left_out,
            None if has_room => return self.counts.insert(key, 0).is_none(),
            // Not even the first is logged: 100,000 addresses would write as many lines.
            None => self.others.entry(what).or_default(),
        };
        *left_out = left_out.saturating_add(1);
        false
    }

    /// Returns true if nothing was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.others.is_empty()
    }

    /// Ends the period. Returns a summary for each source with events that were left out.
    pub(super) fn summarise(&mut self) -> Vec<Event> {
        let mut summaries = Vec::new();
        let summary = |what, from, count| Event::Repeated { what, from, count, period: PERIOD };
        self.counts.retain(|(what, from), count| {
            let left_out = core::mem::take(count);
            if left_out > 0 {
                summaries.push(summary(*what, Some(from.range()), left_out));
            }
            // A source that goes on is next logged at the end of the next period.
            left_out > 0
        });
        summaries.extend(
            core::mem::take(&mut self.others).into_iter().map(|(what, count)| summary(what, None, count)),
        );
        summaries
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn address(number: u32) -> IpAddr {
        core::net::Ipv4Addr::from_bits(0x0a00_0000 | number).into()
    }

    #[test]
    fn the_first_is_logged_and_the_rest_is_one_line() {
        let mut reports = Reports::default();
        let logged = (0..23_601).filter(|_| reports.count(ReportKind::RefusedConnection, address(2))).count();
        assert_eq!(logged, 1);
        let lines: Vec<_> = reports.summarise().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["refused 23600 more connections from 10.0.0.2 in 60 s"]);
        assert!(
            !reports.count(ReportKind::RefusedConnection, address(2)),
            "an attack that goes on is one line in a period"
        );
        assert_eq!(reports.summarise().len(), 1);
        assert!(reports.summarise().is_empty() && reports.is_empty());
        assert!(
            reports.count(ReportKind::RefusedConnection, address(2)),
            "after a period without any it is news"
        );
    }

    #[test]
    fn lines_and_memory_are_bounded_for_many_sources() {
        let mut reports = Reports::default();
        let all =
            (0..100_000).filter(|number| reports.count(ReportKind::BadRequest, address(*number))).count();
        assert_eq!((all, reports.counts.len()), (SOURCES, SOURCES));
        let lines = reports.summarise();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].to_string().contains("from other addresses"), "{}", lines[0]);
    }
}
