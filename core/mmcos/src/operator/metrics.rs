//! Metrics for Prometheus.

use alloc::{collections::BTreeMap, string::ToString};

use super::view;
use crate::{
    Mmcos, Rejection,
    matchmaker::{RuleSet, WAIT_BOUNDS, WaitCounts},
};
use mmcos_core::{
    admin::{Exposition, Kind, Thousandths},
    service::Context,
    wire::http::Status,
};

/// Counters that only metrics use.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    requests: BTreeMap<(&'static str, u16), u64>,
    refused_logins: BTreeMap<&'static str, u64>,
    rejected_for_storage: u64,
}

impl Counts {
    /// Counts a request to this endpoint that has its response, or will have it.
    pub(crate) fn request(&mut self, endpoint: &'static str, status: Status) {
        add(self.requests.entry((endpoint, status.code())).or_default());
    }

    /// Counts a login that was refused.
    pub(crate) fn refused_login(&mut self, rejection: &Rejection) {
        add(self.refused_logins.entry(reason(rejection)).or_default());
    }

    /// Counts a request that was rejected because its change could not be stored.
    pub(crate) fn rejected_for_storage(&mut self) {
        add(&mut self.rejected_for_storage);
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

/// Returns the reason why a login was refused, in a word.
const fn reason(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::Identity(_) => "ticket",
        Rejection::Banned(_) => "banned",
        Rejection::Maintenance => "maintenance",
        Rejection::Xml(_) => "malformed",
        _ => "other",
    }
}

impl Mmcos {
    /// Adds the metrics of this game.
    pub(super) fn metrics(&self, cx: &Context<'_, Self>, text: &mut Exposition) {
        self.server_metrics(cx, text);
        self.request_metrics(text);
        self.matchmaking_metrics(text);
        text.family(
            "store_rejected_total",
            Kind::Counter,
            "Requests rejected because their change could not be saved.",
        )
        .sample(&[], self.operator.counts.rejected_for_storage);
    }

    fn server_metrics(&self, cx: &Context<'_, Self>, text: &mut Exposition) {
        text.family("dashboards", Kind::Gauge, "Open dashboards.").sample(&[], self.operator.live.watchers());
        text.family("maintenance", Kind::Gauge, "1 during maintenance.")
            .sample(&[], u8::from(self.is_closed(cx.now().wall)));
        text.family("players_online", Kind::Gauge, "Players with a request in the last ten minutes.")
            .sample(&[], self.sessions.presence.count(cx.now().wall));
        text.family("players_known", Kind::Gauge, "Registered players.").sample(&[], self.players().len());
        text.family("bans", Kind::Gauge, "Active bans.")
            .sample(&[], self.bans.iter().filter(|ban| ban.holds(cx.clock().earliest())).count());
    }

    fn request_metrics(&self, text: &mut Exposition) {
        let counts = &self.operator.counts;
        let mut family = text.family("requests_total", Kind::Counter, "Requests of the game, by status.");
        for ((endpoint, status), count) in &counts.requests {
            family.sample(&[("endpoint", endpoint), ("status", &status.to_string())], count);
        }
        let mut family = text.family("logins_refused_total", Kind::Counter, "Rejected logins.");
        for (reason, count) in &counts.refused_logins {
            family.sample(&[("reason", reason)], count);
        }
    }

    fn matchmaking_metrics(&self, text: &mut Exposition) {
        let matchmaker = self.matchmaker();
        text.family("held_polls", Kind::Gauge, "Held polls.").sample(&[], self.matchmaking.held());
        // Names of modes come from clients, so they are not used as labels: there could be any number of them.
        let mut searching: BTreeMap<(&str, bool), u32> = BTreeMap::new();
        for bucket in matchmaker.buckets() {
            let known = ["Race", "Elimination", "Battle"];
            let rules =
                bucket.key.rule_set.as_ref().map(RuleSet::as_str).filter(|rules| known.contains(rules));
            let rules = known.into_iter().find(|known| rules == Some(known)).unwrap_or("other");
            let count = searching.entry((rules, bucket.key.ranked)).or_default();
            *count = count.saturating_add(bucket.players);
        }
        let mut family =
            text.family("players_searching", Kind::Gauge, "Searching players, parties included.");
        for ((rules, ranked), players) in searching {
            family.sample(&[("rules", rules), ("ranked", if ranked { "true" } else { "false" })], players);
        }
        text.family("matches", Kind::Gauge, "Running matches.")
            .sample(&[], view::under_way(matchmaker).count());

        let counts = matchmaker.match_counts();
        let states = [
            ("registered", counts.registered),
            ("scored", counts.scored),
            ("completed", counts.completed),
            ("timed_out", counts.timed_out),
            ("alone", counts.alone),
        ];
        let mut family = text.family("matches_total", Kind::Counter, "Matches since the start, by outcome.");
        for (state, count) in states {
            family.sample(&[("state", state)], count);
        }
        let sizes = (1_u64..).zip(counts.sizes);
        let players =
            sizes.clone().fold(0_u64, |sum, (size, count)| sum.saturating_add(size.saturating_mul(count)));
        text.family("match_players", Kind::Histogram, "Players in a match, parties included.").histogram(
            &[],
            sizes,
            0,
            players,
        );

        let mut family =
            text.family("search_duration_seconds", Kind::Histogram, "Duration of searches, by their end.");
        for (end, waits) in
            [("humans", matchmaker.waits().with_humans()), ("ai", matchmaker.waits().with_ai())]
        {
            let WaitCounts { up_to, longer, millis } = *waits;
            family.histogram(
                &[("end", end)],
                WAIT_BOUNDS.into_iter().zip(up_to),
                longer,
                Thousandths(millis),
            );
        }
    }
}
