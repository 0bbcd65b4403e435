//! The files of the dashboard, and pages for players.

use mmcos_core::admin::StaticPage;
use serde_json::Value;

use super::{
    ELSEWHERE, HERE, Request, field, server,
    world::{self, trusting},
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
fn pages_are_for_everybody_at_their_paths() {
    let mut config = trusting();
    let page = |path: &str, body: &str| StaticPage {
        path: path.into(),
        content_type: "text/html".into(),
        policy: "default-src 'none'".into(),
        body: body.as_bytes().into(),
    };
    config.pages = vec![page("/", "welcome"), page("/setup.cmd", "script")];
    let mut rig = world::rig(config);
    assert_eq!(body(&Request::from(ELSEWHERE).at("anything.example").get(&mut rig, "/")), "welcome");
    let script = Request::from(ELSEWHERE).get(&mut rig, "/setup.cmd");
    assert_eq!(
        (body(&script), field(&script, "Content-Security-Policy")),
        ("script", Some("default-src 'none'"))
    );
    assert_eq!(status(&Request::from(ELSEWHERE).get(&mut rig, "/setup.sh")), "404");
}
