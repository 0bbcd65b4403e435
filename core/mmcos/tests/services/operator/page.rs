//! The files of the dashboard, and pages for players.

use mmcos_core::{
    admin::{Addresses, VisitorPage},
    game::Finding,
};
use serde_json::Value;

use super::{
    ELSEWHERE, HERE, Request, field, server,
    world::{self, Hosted, trusting},
};
use crate::rig::{body, status};

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let mut rig = server();
    for path in ["/admin", "/admin/style.css", "/admin/script.js", "/admin/icon.svg", "/api/v1/openapi.json"]
    {
        let answer = Request::from(ELSEWHERE).get(&mut rig, path);
        assert_eq!(status(&answer), "200", "{path}");
        let policy = field(&answer, "Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let links = body(&answer).replace("http://www.w3.org/2000/svg", "").replace("http://localhost", "");
        assert!(!links.contains("http://") && !links.contains("https://"), "{path} names another host");
        for word in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "onclick=", "style="]
        {
            assert!(!links.contains(word), "{path} has {word}");
        }
    }
    assert!(
        serde_json::from_str::<Value>(body(&Request::from(HERE).get(&mut rig, "/api/v1/openapi.json")))
            .is_ok()
    );
}

#[test]
fn pages_are_for_everybody_at_their_paths_and_name_the_address_that_was_used() {
    let mut hosted = Hosted::from(trusting());
    let page = |path: &str, unknown: Option<&str>| VisitorPage {
        path: path.into(),
        content_type: "text/html".into(),
        policy: "default-src 'none'".into(),
        by_ip: "at {address}".into(),
        by_name: "called {address}".into(),
        unknown: unknown.map(Into::into),
    };
    hosted.life.desk.pages = vec![page("/", Some("somewhere")), page("/setup.cmd", None)];
    let get = |rig: &mut _, host, path| Request::from(ELSEWHERE).at(host).get(rig, path);
    let mut rig = world::rig(hosted.clone());
    assert_eq!(body(&get(&mut rig, "anything.example", "/")), "somewhere");
    assert_eq!(status(&get(&mut rig, "anything.example", "/setup.cmd")), "404");
    let script = get(&mut rig, "203.0.113.9:8080", "/setup.cmd");
    assert_eq!(body(&script), "at 203.0.113.9");
    let fields = ["Content-Security-Policy", "Cache-Control", "Vary"].map(|name| field(&script, name));
    assert_eq!(fields, [Some("default-src 'none'"), Some("no-store"), Some("Host")]);
    assert_eq!(body(&get(&mut rig, "[2001:db8::5]", "/")), "at 2001:db8::5");
    assert_eq!(status(&get(&mut rig, "203.0.113.9", "/setup.sh")), "404");
    let posted = Request::from(ELSEWHERE).send(&mut rig, "POST", "/", "");
    assert_eq!((status(&posted), field(&posted, "Allow")), ("405", Some("GET, HEAD")));

    hosted.life.desk.addresses = Addresses { public: "race.example.org".parse().ok(), own: Vec::new() };
    let mut rig = world::rig(hosted);
    assert_eq!(body(&get(&mut rig, "anything.example", "/")), "called race.example.org");
}

#[test]
fn the_checklist_has_the_findings_of_the_host_and_the_first_player() {
    let mut hosted = super::config();
    hosted.life.desk.findings = vec![
        Finding::ok("address", "players use 192.0.2.7"),
        Finding::problem("ports", "games cannot connect: do this."),
    ];
    let mut rig = world::rig(hosted);
    let checks = |rig: &mut _| -> Vec<(String, bool)> {
        let checks = super::view(rig, "checklist");
        let checks = checks.as_array().unwrap().iter();
        checks.map(|check| (check["text"].as_str().unwrap().to_owned(), check["done"] == true)).collect()
    };
    let before = checks(&mut rig);
    assert_eq!(
        before[..2],
        [("players use 192.0.2.7".to_owned(), true), ("games cannot connect: do this.".to_owned(), false)]
    );
    assert!(!before[2].1 && before[2].0.starts_with("no player has logged in yet"), "{before:?}");
    world::login(&mut rig, super::ANN, "Ann");
    assert_eq!(checks(&mut rig)[2], ("one player is registered".to_owned(), true));
}

#[test]
fn a_path_that_nothing_is_at_is_named_in_the_log_and_is_no_trouble() {
    let mut rig = server();
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, "/favicon.ico")), "200");
    assert!(!rig.events.iter().any(|event| event.contains("favicon")), "{:?}", rig.events);
    let long = format!("/{}", "x".repeat(2000));
    for path in ["/wp-login.php", long.as_str()] {
        assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, path)), "404");
    }
    let found: Vec<&String> = rig.events.iter().filter(|event| event.starts_with("NotFound")).collect();
    assert!(found[0].contains("GET /wp-login.php") && found[1].len() < 200, "{found:?}");
}
