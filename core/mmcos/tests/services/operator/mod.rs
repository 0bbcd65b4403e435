//! The operator's side: access, views, commands, and that only the operator has them.

mod access;
mod audit;
mod clock;
mod commands;
mod corrections;
mod description;
mod lists;
mod matches;
mod metrics;
mod page;
mod plans;
mod roles;
mod storage;
mod views;

use mmcos_core::admin::{self, Password};
use mmcos_game::Mmcos;
use serde_json::Value;

use super::{
    rig::{Rig, body, status},
    world::{self, Hosted, rig, trusting},
};

const PASSWORD: &str = "right horse battery";
const HERE: [u8; 4] = [127, 0, 0, 1];
const ELSEWHERE: [u8; 4] = [203, 0, 113, 7];
const ANN: u64 = 76_561_202_255_230_001;
const BEN: u64 = 76_561_202_255_230_002;

/// Every command, with a body that makes sense.
const COMMANDS: [(&str, &str, &str); 20] = [
    ("PUT", "settings/message", r#"{"value":"Hello"}"#),
    ("DELETE", "settings/message", ""),
    ("POST", "players/1/kick", "{}"),
    ("POST", "matches/1/end", ""),
    ("POST", "apart/3-4/end", ""),
    ("POST", "bans", r#"{"subject":"76561202255230001"}"#),
    ("POST", "bans/lift", r#"{"subject":"76561202255230001"}"#),
    ("POST", "season/start", r#"{"season":39}"#),
    ("POST", "season/undo", r#"{"season":39}"#),
    ("POST", "event/start", r#"{"event":"chaos","hours":3}"#),
    ("POST", "event/stop", ""),
    ("PUT", "settings/maintenance", r#"{"value":"true"}"#),
    ("PUT", "operators/anna", r#"{"role":"viewer"}"#),
    ("POST", "operators/anna/password", ""),
    ("DELETE", "operators/anna", ""),
    ("POST", "players/1/points", r#"{"change":-5,"reason":"a crash"}"#),
    ("POST", "players/1/name", r#"{"name":"Anna","reason":"an insult"}"#),
    ("POST", "players/1/title", r#"{"title":"lng_player_title_elite","reason":"won the cup"}"#),
    ("POST", "backup", ""),
    ("POST", "players/1/delete", r#"{"reason":"asked for","confirm":true}"#),
];

fn server() -> Rig<Mmcos> {
    server_with(|_| {})
}

fn server_with(change: impl FnOnce(&mut admin::Config)) -> Rig<Mmcos> {
    let mut config = config();
    config.life.desk.admin.as_mut().map(change);
    rig(config)
}

fn config() -> Hosted {
    let admin = admin::Config {
        password: Some(Password::new(PASSWORD, &[1; 32])),
        names: vec!["race.example.org".into()],
        ..admin::Config::default()
    };
    Hosted::from(trusting()).with_admin(admin)
}

/// A request as a browser or a program sends it.
struct Request<'a> {
    from: [u8; 4],
    host: &'a str,
    fields: String,
}

impl<'a> Request<'a> {
    fn from(from: [u8; 4]) -> Self {
        Self { from, host: "192.168.1.20", fields: String::new() }
    }

    fn at(self, host: &'a str) -> Self {
        Self { host, ..self }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields = format!("{}{name}: {value}\r\n", self.fields);
        self
    }

    fn operator(self) -> Self {
        self.with("Authorization", &format!("Bearer {PASSWORD}"))
    }

    fn bytes(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let Self { host, fields, .. } = self;
        let length = body.len();
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    fn send(&self, rig: &mut Rig<Mmcos>, method: &str, path: &str, body: &str) -> String {
        let conn = rig.open_from(self.from);
        rig.send(conn, &self.bytes(method, path, body));
        let answer = rig.read(conn);
        rig.leave(conn);
        answer
    }

    fn get(&self, rig: &mut Rig<Mmcos>, path: &str) -> String {
        self.send(rig, "GET", path, "")
    }

    fn command(&self, rig: &mut Rig<Mmcos>, (method, path, body): (&str, &str, &str)) -> String {
        self.send(rig, method, &format!("/api/v1/{path}"), body)
    }
}

fn json(answer: &str) -> Value {
    assert_eq!(status(answer), "200", "{answer}");
    serde_json::from_str(body(answer)).unwrap()
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn state(rig: &mut Rig<Mmcos>) -> Value {
    json(&Request::from(HERE).operator().get(rig, "/api/v1/state"))
}

/// Returns a view of the operator's API.
fn view(rig: &mut Rig<Mmcos>, path: &str) -> Value {
    json(&Request::from(HERE).operator().get(rig, &format!("/api/v1/{path}")))
}

fn password(password: &str) -> String {
    serde_json::json!({ "password": password }).to_string()
}

/// Logs in, and returns the cookie as a browser sends it back.
fn log_in(rig: &mut Rig<Mmcos>, from: [u8; 4]) -> String {
    let answer = Request::from(from).command(rig, ("POST", "session", &password(PASSWORD)));
    assert_eq!(status(&answer), "200", "{answer}");
    let cookie = field(&answer, "Set-Cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}
