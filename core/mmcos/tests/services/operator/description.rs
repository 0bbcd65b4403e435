//! The description of the API against the API.

use std::time::Duration;

use mmcos_core::seam::{Input, Storage, StorageTrouble};
use serde_json::{Value, json as value};

use super::{
    ANN, BEN, COMMANDS, ELSEWHERE, HERE, PASSWORD, Request, Rig, audit, field, json, password, roles, server,
    state,
    world::{Search, login, race},
};
use crate::rig::{body, status};
use mmcos_game::{Mmcos, Record};

/// A request from the description, with subjects that exist in the [`scene`].
struct Operation<'a> {
    method: String,
    /// The path as described, with names in braces.
    pattern: String,
    path: String,
    described: &'a Value,
    document: &'a Value,
}

impl<'a> Operation<'a> {
    fn all(document: &'a Value) -> Vec<Self> {
        let session = first_match();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(pattern, methods)| {
            let path = pattern;
            // Only players that are offline are merged.
            let path = path.replace("{user_id}/merge", "6/merge");
            let path = path.replace("{user_id}", "1").replace("{session}", &session);
            let path = path.replace("{name}", "message").replace("{season}", "38").replace("{number}", "1");
            let path = path.replace("{pair}", "3-4");
            methods.as_object().unwrap().iter().map(move |(method, described)| Self {
                method: method.to_uppercase(),
                pattern: pattern.clone(),
                path: path.clone(),
                described,
                document,
            })
        });
        operations.collect()
    }

    /// Returns the least role that the request takes.
    fn role(&self) -> &str {
        self.described["security"][0]["bearer"][0].as_str().unwrap()
    }

    fn is_public(&self) -> bool {
        self.described["security"].as_array().unwrap().is_empty()
    }

    fn body_schema(&self) -> Option<&'a Value> {
        let body = self.described.get("requestBody")?;
        assert_eq!(body["required"], true, "{self}");
        Some(&body["content"]["application/json"]["schema"])
    }

    /// Returns a body that the [`scene`] accepts.
    fn body(&self) -> Value {
        match self.path.strip_prefix("/api/v1/").unwrap() {
            "session" => value!({ "password": PASSWORD }),
            "bans" => {
                value!({ "subject": "203.0.112.0/24", "hours": 1, "reason": "why", "note": "", "confirm": false })
            }
            "bans/lift" => value!({ "subject": BANNED }),
            "season/start" => value!({ "season": 40, "confirm": true }),
            "season/undo" => value!({ "season": 39, "confirm": true }),
            "event/start" => value!({ "event": "chaos", "hours": 3 }),
            "settings/message" => value!({ "value": "Hello" }),
            "players/1/points" => value!({ "change": 5, "reason": "a crash" }),
            "players/1/kick" => value!({ "reason": "rams everyone" }),
            "players/1/title" => value!({ "title": "lng_player_title_elite", "reason": "won the cup" }),
            "plans" => {
                value!({
                    "from": 0, "until": 4_000_000_000_i64, "message": "Hello", "maintenance": true, "event": "chaos"
                })
            }
            "players/1/name" => value!({ "name": "Anna", "reason": "an insult" }),
            "players/6/merge" => value!({ "other": 7, "reason": "a second account", "confirm": true }),
            "players/1/delete" => value!({ "reason": "asked for", "confirm": true }),
            "operators/message" => value!({ "role": "viewer", "days": 30 }),
            other => panic!("{other} takes a body: this test needs an example"),
        }
    }

    fn example(&self) -> String {
        self.body_schema().map(|_| self.body().to_string()).unwrap_or_default()
    }

    /// Sends the request, checks that the response is as described, and returns its status.
    fn by(&self, rig: &mut Rig<Mmcos>, request: &Request<'_>, body: &str) -> String {
        let answer = request.send(rig, &self.method, &self.path, body);
        let status = status(&answer);
        let found = self.described["responses"].get(status);
        let mut found = found.unwrap_or_else(|| panic!("{self} is described without {status}: {answer}"));
        if let Some(reference) = found.get("$ref") {
            found = resolve(self.document, reference);
        }
        let (media_type, content) = found["content"].as_object().unwrap().iter().next().unwrap();
        assert!(field(&answer, "Content-Type").unwrap().starts_with(media_type), "{self}: {answer}");
        if media_type == "application/json" {
            let sent = serde_json::from_str(super::body(&answer)).unwrap();
            assert!(fits(&sent, &content["schema"], self.document), "{self}: {sent} is not {content}");
        }
        status.to_owned()
    }
}

impl std::fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

const BANNED: &str = "198.51.100.0/24";

/// Returns a server on which every list has an entry.
fn scene() -> Rig<Mmcos> {
    let mut rig = server();
    let podium = r#"{"season":38,"places":[{"user":1,"name":"Ann","points":7,"division":0}]}"#;
    rig.server.restore(Record::Podium(serde_json::from_str(podium).unwrap())).unwrap();
    let [ann, ben] = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 7);
    Search::race(&ann, 10).begin(&mut rig);
    Search::race(&ben, 20).begin(&mut rig);
    rig.pass(Duration::from_secs(40));
    // Two that twice do not race, though they were in a match.
    let [fay, gil] = [(BEN + 2, "Fay"), (BEN + 3, "Gil")].map(|(id, name)| login(&mut rig, id, name));
    for _ in 0..3 {
        Search::race(&fay, 40).begin(&mut rig);
        Search::race(&gil, 50).begin(&mut rig);
        rig.pass(Duration::from_secs(10));
    }
    Search::race(&login(&mut rig, BEN + 1, "Eve"), 30).begin(&mut rig);
    for (number, name) in [(6, "Hal"), (7, "Ida")] {
        login(&mut rig, BEN + number, name);
    }
    let ban = value!({ "subject": BANNED, "hours": 1, "note": "seen" }).to_string();
    let log_in = password(PASSWORD);
    for order in [
        ("POST", "bans", ban.as_str()),
        ("POST", "plans", r#"{"from":0,"until":4000000000,"message":"Hello"}"#),
        ("POST", "players/6/kick", "{}"),
        ("POST", "players/7/kick", "{}"),
        ("POST", "event/start", r#"{"event":"chaos","hours":3}"#),
        ("POST", "season/start", r#"{"season":40}"#),
        ("PUT", "operators/message", r#"{"role":"viewer"}"#),
        ("POST", "session", &log_in),
    ] {
        assert_eq!(status(&Request::from(ELSEWHERE).operator().command(&mut rig, order)), "200");
    }
    rig
}

/// Returns the number of a match that is under way in the [`scene`].
fn first_match() -> String {
    state(&mut scene())["matches"]["list"][0]["session"].as_str().unwrap().to_owned()
}

fn description(rig: &mut Rig<Mmcos>) -> Value {
    json(&Request::from(HERE).get(rig, "/api/v1/openapi.json"))
}

#[test]
fn every_operation_takes_what_the_description_says() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    rig.records.clear();
    let document = description(&mut rig);
    let operations = Operation::all(&document);
    let proved: Vec<&Operation<'_>> = operations.iter().filter(|operation| !operation.is_public()).collect();
    assert!(proved.len() >= 16);
    let there = || Request::from(ELSEWHERE);
    let guess = |request: Request<'static>| {
        request.with("Cookie", "mmcos_operator=x").with("Origin", "http://192.168.1.20")
    };
    for operation in proved {
        let mut by = |request| operation.by(&mut rig, &request, "");
        for request in [there, || Request::from(HERE)] {
            assert_eq!(by(request()), "401", "{operation}");
            assert_eq!(by(guess(request())), "401", "{operation}");
            assert_eq!(by(request().at("evil.example")), "403", "{operation}");
            assert_eq!(by(request().with("Sec-Fetch-Site", "cross-site")), "403", "{operation}");
        }
    }
    assert!(rig.records.is_empty(), "{:?}", rig.records);
    for operation in operations.iter().filter(|operation| operation.is_public()) {
        // Operations that check the site and the name say so: 403 is among their responses.
        let foreign = there().at("evil.example").with("Sec-Fetch-Site", "cross-site");
        let checks = operation.described["responses"].get("403").is_some();
        assert_eq!(operation.by(&mut rig, &foreign, "") == "403", checks, "{operation}");
        assert_ne!(operation.by(&mut rig, &there(), ""), "401", "{operation}");
    }
    for operation in &operations {
        let status = operation.by(&mut rig, &there().operator(), "");
        assert!(!["401", "403"].contains(&&*status), "{operation}: {status}");
    }
}

#[test]
fn every_operation_takes_the_role_that_the_description_names() {
    const ROLES: [&str; 3] = ["viewer", "moderator", "admin"];
    let document = description(&mut server());
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
    let mut counts = [0; 3];
    for operation in Operation::all(&document).iter().filter(|operation| !operation.is_public()) {
        let least = rank(operation.role());
        counts[least] += 1;
        assert!(operation.method == "GET" || least > 0 || operation.path.ends_with("links"), "{operation}");
        for role in ROLES {
            let mut rig = scene();
            let secret = roles::add(&mut rig, "anna", role);
            let before = rig.records.len();
            let anna = Request::from(ELSEWHERE).with("Authorization", &format!("Bearer {secret}"));
            let status = operation.by(&mut rig, &anna, &operation.example());
            let expected = if rank(role) >= least { "200" } else { "403" };
            assert_eq!(status, expected, "{operation} by a {role}");
            assert!(status == "200" || rig.records.len() == before, "{operation} by a {role}");
        }
    }
    assert!(counts[0] >= 8 && counts[1] >= 4 && counts[2] >= 10, "{counts:?}");
}

#[test]
fn every_command_that_is_carried_out_is_in_the_audit_log() {
    let document = description(&mut server());
    let operations = Operation::all(&document);
    let commands: Vec<_> = operations.iter().filter(|operation| operation.method != "GET").collect();
    assert!(commands.len() >= 16);
    for operation in commands {
        let mut rig = scene();
        let secret = roles::add(&mut rig, "anna", "admin");
        let before = audit::audit(&mut rig, "")[0]["number"].as_u64().unwrap();
        let anna = Request::from(ELSEWHERE).with("Authorization", &format!("Bearer {secret}"));
        // Logging in names the operator of the password.
        let name = if operation.pattern.ends_with("/session") && operation.method == "POST" {
            "operator"
        } else {
            "anna"
        };
        assert_eq!(operation.by(&mut rig, &anna, &operation.example()), "200", "{operation}");
        let entry = audit::audit(&mut rig, "")[0].clone();
        assert_eq!(entry["number"].as_u64().unwrap(), before + 1, "{operation}: one entry");
        assert_eq!(entry["command"], format!("{} {}", operation.method, operation.pattern));
        assert_eq!(
            (&entry["operator"], &entry["address"]),
            (&name.into(), &"203.0.113.7".into()),
            "{operation}"
        );
        assert_eq!(entry["at"], rig.wall().as_secs(), "{operation}");
        assert!(entry["text"].as_str().unwrap().len() > 5, "{entry}");
    }
}

/// Everything that takes a role can be done on the command line, except what the dashboard alone has a use for.
#[test]
fn every_operation_has_a_command() {
    let document = description(&mut server());
    let mut names = std::collections::BTreeSet::new();
    for operation in Operation::all(&document) {
        let commands = operation.described["x-commands"].as_array();
        let only_for_browsers = ["/api/v1/links", "/api/v1/live", "/metrics"].contains(&&*operation.pattern);
        let is_expected = !operation.is_public() && !only_for_browsers;
        assert_eq!(commands.is_some(), is_expected, "{operation}: `with_commands` names its command");
        for command in commands.into_iter().flatten() {
            let mut words = command.as_str().unwrap().split(' ');
            let name = words.next().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            let words: Vec<&str> =
                words.map(|word| word.trim_matches(['[', ']']).split('=').next().unwrap()).collect();
            let members = |pointer: &str| {
                let names =
                    operation.described.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
                names
                    .map(|name| name["name"].as_str().or(name.as_str()).unwrap().to_owned())
                    .collect::<Vec<_>>()
            };
            let schema = "/requestBody/content/application~1json/schema";
            let properties = operation.described.pointer(&format!("{schema}/properties"));
            let known = |word: &&str| {
                members("/parameters").iter().any(|name| name == word)
                    || properties.is_some_and(|properties| properties.get(word).is_some())
            };
            assert!(words.iter().all(known), "{command}");
            let needed = members(&format!("{schema}/required"));
            assert!(needed.iter().all(|name| words.contains(&name.as_str())), "{command} needs {needed:?}");
        }
    }
    assert!(names.len() > 25);
}

#[test]
fn wrong_passwords_slow_down_every_operation() {
    let document = description(&mut server());
    let operations = Operation::all(&document);
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        let mut rig = server();
        for expected in ["401", "401", "401", "429", "429"] {
            let wrong = Request::from(ELSEWHERE).with("Authorization", "Bearer wrong");
            assert_eq!(operation.by(&mut rig, &wrong, ""), expected, "{operation}");
        }
    }
}

/// Returns true if a value matches its schema, without anything that the schema does not name.
fn fits(found: &Value, schema: &Value, document: &Value) -> bool {
    let fits = |found, schema| fits(found, schema, document);
    schema.as_object().unwrap().iter().all(|(keyword, rule)| match keyword.as_str() {
        "$ref" => fits(found, resolve(document, rule)),
        "oneOf" => rule.as_array().unwrap().iter().filter(|one| fits(found, one)).count() == 1,
        "anyOf" => rule.as_array().unwrap().iter().any(|one| fits(found, one)),
        "type" => match rule.as_array() {
            Some(types) => types.iter().any(|one| is(found, one)),
            None => is(found, rule) && (rule != "object" || has_known_members(found, schema)),
        },
        "enum" => rule.as_array().unwrap().contains(found),
        "const" => found == rule,
        "items" => found.as_array().is_none_or(|items| items.iter().all(|item| fits(item, rule))),
        "required" => rule.as_array().unwrap().iter().all(|name| found.get(name.as_str().unwrap()).is_some()),
        "properties" => rule
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, rule)| found.get(name).is_none_or(|member| fits(member, rule))),
        "minimum" => found.as_f64().is_none_or(|found| found >= rule.as_f64().unwrap()),
        "maximum" => found.as_f64().is_none_or(|found| found <= rule.as_f64().unwrap()),
        "description" | "format" | "default" | "additionalProperties" => true,
        other => panic!("this test does not know {other}"),
    })
}

fn has_known_members(found: &Value, schema: &Value) -> bool {
    let known = |name: &String| schema["properties"].get(name).is_some();
    schema["additionalProperties"] == true || found.as_object().unwrap().keys().all(known)
}

fn resolve<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn is(found: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => found.is_null(),
        "boolean" => found.is_boolean(),
        "integer" => found.is_i64() || found.is_u64(),
        "number" => found.is_number(),
        "string" => found.is_string(),
        "array" => found.is_array(),
        "object" => found.is_object(),
        other => panic!("this test does not know {other}"),
    }
}

#[test]
fn every_operation_succeeds_as_described() {
    let document = description(&mut server());
    let all_state = state(&mut scene());
    for list in ["searches/list", "searches/modes", "searches/apart", "matches/list"] {
        assert_ne!(all_state.pointer(&format!("/{list}")), Some(&value!([])), "{list} is not tested");
    }
    let operations = Operation::all(&document);
    for operation in &operations {
        let sent = operation.by(&mut scene(), &Request::from(ELSEWHERE).operator(), &operation.example());
        assert_eq!(sent, "200", "{operation}");
    }
    // The description has the paths that the other tests of the API use.
    for (method, path, _) in COMMANDS {
        let path = format!("/api/v1/{}", path.replace("matches/1/", &format!("matches/{}/", first_match())));
        let path = path.replace("maintenance", "message").replace("anna", "message");
        assert!(operations.iter().any(|known| (&*known.method, &known.path) == (method, &path)), "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/state", "/api/v1/live"] {
        assert!(operations.iter().any(|known| known.path == path), "{path}");
    }
    assert!(!fits(&value!({ "error": 1 }), &value!({ "$ref": "#/components/schemas/Error" }), &document));
    assert!(!fits(
        &value!({ "error": "", "more": 1 }),
        &value!({ "$ref": "#/components/schemas/Error" }),
        &document
    ));
}

#[test]
fn a_full_disk_is_described() {
    let document = description(&mut server());
    for operation in Operation::all(&document) {
        let mut rig = scene();
        rig.input(Input::Storage(Storage::Unavailable(StorageTrouble::Full)));
        operation.by(&mut rig, &Request::from(ELSEWHERE).operator(), &operation.example());
    }
}

#[test]
fn bodies_are_taken_as_described() {
    let document = description(&mut server());
    let mut members = 0;
    for operation in Operation::all(&document) {
        let Some(schema) = operation.body_schema() else { continue };
        let example = operation.body();
        assert!(fits(&example, schema, &document), "{operation}: {example}");
        assert_eq!(schema["additionalProperties"], false, "{operation}");
        let send =
            |body: &Value| operation.by(&mut scene(), &Request::from(HERE).operator(), &body.to_string());
        let mut unknown = example.clone();
        unknown["unknown"] = 1.into();
        assert_eq!(send(&unknown), "400", "{operation}");
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, rule) in schema["properties"].as_object().unwrap() {
            let mut wrong = example.clone();
            wrong[name] = value!([]);
            assert_eq!(send(&wrong), "400", "{operation}: {wrong}");
            let mut without = example.clone();
            without.as_object_mut().unwrap().remove(name);
            let is_required = required.contains(&name.as_str().into());
            assert_eq!(send(&without) == "400", is_required, "{operation}: {without}");
            for (limit, beyond) in [("minimum", -1), ("maximum", 1)] {
                if let Some(limit) = rule.get(limit).and_then(Value::as_i64) {
                    let [mut at, mut over] = [&example, &example].map(Value::clone);
                    at[name] = limit.into();
                    over[name] = (limit + beyond).into();
                    assert!(["200", "404"].contains(&&*send(&at)), "{operation}: {name}");
                    assert_eq!(send(&over), "400", "{operation}: {name}");
                }
            }
            members += 1;
        }
    }
    assert!(members >= 12, "{members}");
}

#[test]
fn the_description_is_the_same_each_time_and_explains_itself() {
    let [first, second] = [server(), scene()].map(|mut rig| {
        let answer = Request::from(HERE).get(&mut rig, "/api/v1/openapi.json");
        let again = Request::from(HERE).get(&mut rig, "/api/v1/openapi.json");
        assert_eq!(body(&answer), body(&again));
        body(&answer).to_owned()
    });
    assert_eq!(first, second);
    let document: Value = serde_json::from_str(&first).unwrap();
    for operation in Operation::all(&document) {
        assert!(operation.described["summary"].as_str().unwrap().ends_with('.'), "{operation}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema.get("description").is_some(), "{name} has no description");
    }
}
