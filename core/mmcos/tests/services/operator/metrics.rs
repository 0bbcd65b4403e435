//! The metrics for Prometheus.

use std::time::Duration;

use mmcos_core::seam::Input;

use super::{
    ANN, HERE, Request, server,
    world::{self, Search, login},
};
use crate::rig::body;

#[test]
fn metrics_count_what_happened() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    Search::race(&token, 10).begin(&mut rig);
    rig.request(&world::login_request("not a ticket", "Eve"));
    rig.input(Input::Committed { took: Duration::from_millis(7) });
    let text = Request::from(HERE).operator().get(&mut rig, "/metrics");
    for line in [
        "mmcos_requests_total{endpoint=\"Login\",status=\"200\"} 1",
        "mmcos_requests_total{endpoint=\"Login\",status=\"401\"} 1",
        "mmcos_requests_total{endpoint=\"EnterMatchmaking2\",status=\"200\"} 1",
        "mmcos_logins_refused_total{reason=\"ticket\"} 1",
        "mmcos_held_polls 1",
        "mmcos_players_searching{rules=\"Race\",ranked=\"false\"} 1",
        "mmcos_players_online 1",
        "mmcos_store_commit_seconds_bucket{le=\"0.005\"} 0",
        "mmcos_store_commit_seconds_bucket{le=\"0.010\"} 1",
        "mmcos_store_commit_seconds_sum 0.007000",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    // The format, as strict as its readers: every sample belongs to the family announced before it, and a counter's
    // name ends in `_total`.
    let mut families = Vec::new();
    for line in body(&text).lines() {
        match line.strip_prefix("# TYPE ") {
            Some(family) => {
                let (name, kind) = family.split_once(' ').unwrap();
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                families.push(name);
            }
            None if line.starts_with("# HELP ") => {}
            None => {
                let family = families.last().unwrap();
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(name.starts_with(family) && value.parse::<f64>().is_ok(), "{line}");
            }
        }
    }
    let count = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), count, "a family is announced twice");
}
