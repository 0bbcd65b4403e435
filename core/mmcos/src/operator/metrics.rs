//! All numbers, for Prometheus.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
};
use core::time::Duration;

use super::super::{Fault, Mmcos, matchmaker::WAIT_BOUNDS, matchmaker::WaitCounts};
use super::look;
use mmcos_core::{
    admin::{Exposition, Kind},
    seam::StorageTrouble,
    service::Context,
    wire::http::Status,
};

/// Upper bounds of the commit times that are told apart, in milliseconds.
const COMMIT_BOUNDS: [u16; 9] = [1, 2, 5, 10, 25, 50, 100, 250, 1000];

/// What is counted for metrics alone.
#[derive(Debug, Default)]
pub(in super::super) struct Counts {
    requests: BTreeMap<(&'static str, u16), u64>,
    refused_logins: BTreeMap<&'static str, u64>,
    commits: [u64; COMMIT_BOUNDS.len()],
    slower_commits: u64,
    commit_time: Duration,
    last_commit: Option<Duration>,
    rejected_for_storage: u64,
}

impl Counts {
    /// A request to this endpoint was answered, or is to be.
    pub(in super::super) fn request(&mut self, endpoint: &'static str, status: Status) {
        add(self.requests.entry((endpoint, status.code())).or_default());
    }

    /// A login was refused.
    pub(in super::super) fn refused_login(&mut self, fault: &Fault) {
        add(self.refused_logins.entry(reason(fault)).or_default());
    }

    /// Records became durable.
    pub(in super::super) fn commit(&mut self, took: Duration) {
        let place = COMMIT_BOUNDS.iter().position(|bound| took <= Duration::from_millis(u64::from(*bound)));
        add(place.and_then(|place| self.commits.get_mut(place)).unwrap_or(&mut self.slower_commits));
        self.commit_time = self.commit_time.saturating_add(took);
        self.last_commit = Some(took);
    }

    /// A request was rejected because its change could not be stored.
    pub(in super::super) fn rejected_for_storage(&mut self) {
        add(&mut self.rejected_for_storage);
    }

    /// How long the last commit took.
    pub(super) fn last_commit_millis(&self) -> Option<f64> {
        self.last_commit.map(|took| took.as_secs_f64() * 1000.0)
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

/// Why somebody was not let in, in a word.
const fn reason(fault: &Fault) -> &'static str {
    match fault {
        Fault::Identity(_) => "ticket",
        Fault::Banned(_) => "banned",
        Fault::Maintenance => "maintenance",
        Fault::Xml(_) => "malformed",
        _ => "other",
    }
}

impl Mmcos {
    /// The text of `/metrics`.
    pub(super) fn metrics(&self, cx: &Context<'_, Self>) -> String {
        let mut text = Exposition::default();
        self.server_metrics(cx, &mut text);
        self.request_metrics(&mut text);
        self.matchmaking_metrics(&mut text);
        self.store_metrics(cx, &mut text);
        text.into_string()
    }

    fn server_metrics(&self, cx: &Context<'_, Self>, text: &mut Exposition) {
        let now = cx.now().wall;
        let started = self.operator.started.unwrap_or(now).as_secs();
        text.family("mmcos_build_info", Kind::Gauge, "The version, as a label.")
            .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.family("mmcos_start_time_seconds", Kind::Gauge, "When the server began to serve, since 1970.")
            .sample(&[], started);
        text.family("mmcos_connections", Kind::Gauge, "Open connections.").sample(&[], cx.connections());
        text.family("mmcos_dashboards", Kind::Gauge, "Dashboards that are open.")
            .sample(&[], self.operator.live.watchers());
        text.family("mmcos_maintenance", Kind::Gauge, "1 while nobody can log in.")
            .sample(&[], u8::from(self.config.maintenance));
        text.family("mmcos_clock_doubted", Kind::Gauge, "1 while this machine's clock is not believed.")
            .sample(&[], u8::from(cx.clock().trouble().is_some()));
        text.family(
            "mmcos_players_online",
            Kind::Gauge,
            "Players who asked for something in the last ten minutes.",
        )
        .sample(&[], self.presence.count(now));
        text.family("mmcos_players_known", Kind::Gauge, "Players who ever logged in.")
            .sample(&[], self.players.len());
        text.family("mmcos_bans", Kind::Gauge, "Bans that hold.")
            .sample(&[], self.bans.iter().filter(|ban| ban.holds(self.earliest)).count());
    }

    fn request_metrics(&self, text: &mut Exposition) {
        let counts = &self.operator.counts;
        let mut family = text.family(
            "mmcos_requests_total",
            Kind::Counter,
            "Requests of the game, by what they were answered.",
        );
        for ((endpoint, status), count) in &counts.requests {
            family.sample(&[("endpoint", endpoint), ("status", &status.to_string())], count);
        }
        let mut family =
            text.family("mmcos_logins_refused_total", Kind::Counter, "Logins that were refused.");
        for (reason, count) in &counts.refused_logins {
            family.sample(&[("reason", reason)], count);
        }
    }

    fn matchmaking_metrics(&self, text: &mut Exposition) {
        let matchmaker = self.matchmaker();
        text.family("mmcos_held_polls", Kind::Gauge, "Searches that are held open.")
            .sample(&[], self.matchmaking.held());
        // Names of modes come from clients, so they are no labels: there could be any number of them.
        let mut searching: BTreeMap<(&str, bool), u32> = BTreeMap::new();
        for bucket in matchmaker.buckets() {
            let known = ["Race", "Elimination", "Battle"];
            let rules =
                bucket.key.rule_set.as_ref().map(look::rule_set).filter(|rules| known.contains(rules));
            let rules = known.into_iter().find(|known| rules == Some(known)).unwrap_or("other");
            let count = searching.entry((rules, bucket.key.ranked)).or_default();
            *count = count.saturating_add(bucket.players);
        }
        let mut family =
            text.family("mmcos_players_searching", Kind::Gauge, "Players who search, parties included.");
        for ((rules, ranked), players) in searching {
            family.sample(&[("rules", rules), ("ranked", if ranked { "true" } else { "false" })], players);
        }
        text.family("mmcos_matches", Kind::Gauge, "Matches under way.")
            .sample(&[], look::under_way(matchmaker).count());

        let counts = matchmaker.match_counts();
        let states = [
            ("registered", counts.registered),
            ("scored", counts.scored),
            ("completed", counts.completed),
            ("timed_out", counts.timed_out),
            ("alone", counts.alone),
        ];
        let mut family = text.family("mmcos_matches_total", Kind::Counter, "Matches that came so far.");
        for (state, count) in states {
            family.sample(&[("state", state)], count);
        }
        let sizes = (1_u64..).zip(counts.sizes);
        let players =
            sizes.clone().fold(0_u64, |sum, (size, count)| sum.saturating_add(size.saturating_mul(count)));
        text.family(
            "mmcos_match_players",
            Kind::Histogram,
            "Players of the matches that were made, parties included.",
        )
        .histogram(&[], sizes, 0, players);

        let mut family = text.family(
            "mmcos_search_duration_seconds",
            Kind::Histogram,
            "How long searches took, by how they ended.",
        );
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

    fn store_metrics(&self, cx: &Context<'_, Self>, text: &mut Exposition) {
        let counts = &self.operator.counts;
        let mut family = text.family(
            "mmcos_store_trouble",
            Kind::Gauge,
            "1 for the reason why changes cannot be saved at the moment.",
        );
        for trouble in StorageTrouble::ALL {
            let present = cx.storage().trouble() == Some(trouble);
            family.sample(&[("reason", trouble.name())], u8::from(present));
        }
        text.family(
            "mmcos_store_rejected_total",
            Kind::Counter,
            "Requests rejected because their change could not be saved.",
        )
        .sample(&[], counts.rejected_for_storage);
        let bounds = COMMIT_BOUNDS.map(|millis| Thousandths(u64::from(millis)));
        let sum = format!("{:.6}", counts.commit_time.as_secs_f64());
        text.family(
            "mmcos_store_commit_seconds",
            Kind::Histogram,
            "How long it took to make changes durable.",
        )
        .histogram(&[], bounds.into_iter().zip(counts.commits), counts.slower_commits, sum);
    }
}

/// Written as whole and a fraction.
#[derive(Clone, Copy)]
struct Thousandths(u64);

impl core::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 % 1000 {
            0 => write!(f, "{}", self.0 / 1000),
            part => write!(f, "{}.{part:03}", self.0 / 1000),
        }
    }
}
