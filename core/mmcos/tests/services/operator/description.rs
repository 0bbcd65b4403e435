//! The description of the API against the API. (That it has every route, `admin/ask.rs` sees to.)

use std::time::Duration;

use serde_json::{Value, json as value};

use super::{
    ANN, BEN, ELSEWHERE, HERE, Request, Rig, json, server,
    world::{Search, login, race},
};
use crate::rig::status;
use mmcos_game::Mmcos;

/// What somebody may do with a path, as described.
struct Operation {
    method: String,
    path: String,
    described: Value,
}

impl Operation {
    /// With a subject that is there or could be.
    fn all(description: &Value) -> Vec<Self> {
        let paths = description["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, methods)| {
            let path = path.replace("{user}", "1").replace("{session}", "1").replace("{name}", "message");
            methods.as_object().unwrap().iter().map(move |(method, described)| Self {
                method: method.to_uppercase(),
                path: path.clone(),
                described: described.clone(),
            })
        });
        operations.collect()
    }

    fn ways(&self) -> &[Value] {
        self.described["security"].as_array().unwrap()
    }

    fn is_public(&self) -> bool {
        self.ways().is_empty()
    }

    fn by(&self, rig: &mut Rig<Mmcos>, request: &Request<'_>) -> String {
        let answer = request.send(rig, &self.method, &self.path, "");
        let status = status(&answer);
        assert!(self.described["responses"].get(status).is_some(), "{self} is described without {status}");
        status.to_owned()
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn description(rig: &mut Rig<Mmcos>) -> Value {
    json(&Request::from(HERE).get(rig, "/api/v1/openapi.json"))
}

#[test]
fn every_operation_takes_what_the_description_says() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    rig.records.clear();
    let operations = Operation::all(&description(&mut rig));
    let proved: Vec<&Operation> = operations.iter().filter(|operation| !operation.is_public()).collect();
    assert!(proved.len() >= 16);
    let there = || Request::from(ELSEWHERE);
    let guess = |request: Request<'static>| {
        request.with("Cookie", "mmcos_operator=x").with("Origin", "http://192.168.1.20")
    };
    for operation in proved {
        let mut by = |request| operation.by(&mut rig, &request);
        for request in [there, || Request::from(HERE)] {
            assert_eq!(by(request()), "401", "{operation}");
            assert_eq!(by(guess(request())), "401", "{operation}");
            assert_eq!(by(request().at("evil.example")), "403", "{operation}");
            assert_eq!(by(request().with("Sec-Fetch-Site", "cross-site")), "403", "{operation}");
        }
    }
    assert!(rig.records.is_empty(), "{:?}", rig.records);
    for operation in &operations {
        let status = operation.by(&mut rig, &there().operator());
        assert!(!["401", "403"].contains(&&*status), "{operation}: {status}");
    }
}

#[test]
fn wrong_passwords_slow_down_every_operation() {
    let operations = Operation::all(&description(&mut server()));
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        let mut rig = server();
        for expected in ["401", "401", "401", "429", "429"] {
            let wrong = Request::from(ELSEWHERE).with("Authorization", "Bearer wrong");
            assert_eq!(operation.by(&mut rig, &wrong), expected, "{operation}");
        }
    }
}

/// Whether a value is as its schema says, with nothing that the schema does not name.
fn fits(found: &Value, schema: &Value, description: &Value) -> bool {
    let fits = |found, schema| fits(found, schema, description);
    schema.as_object().unwrap().iter().all(|(keyword, rule)| match keyword.as_str() {
        "$ref" => fits(found, description.pointer(&rule.as_str().unwrap()[1..]).unwrap()),
        "oneOf" => rule.as_array().unwrap().iter().filter(|one| fits(found, one)).count() == 1,
        "type" => match rule.as_array() {
            Some(types) => types.iter().any(|one| is(found, one)),
            None => is(found, rule),
        },
        "enum" => rule.as_array().unwrap().contains(found),
        "items" => found.as_array().unwrap().iter().all(|item| fits(item, rule)),
        "required" => rule.as_array().unwrap().iter().all(|name| found.get(name.as_str().unwrap()).is_some()),
        "properties" => found
            .as_object()
            .is_none_or(|fields| fields.iter().all(|(name, field)| fits(field, rule.get(name).unwrap()))),
        "description" => true,
        other => panic!("this test does not know {other}"),
    })
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
fn answers_are_as_described() {
    let mut rig = server();
    let [ann, ben] = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 7);
    Search::race(&ann, 10).begin(&mut rig);
    Search::race(&ben, 20).begin(&mut rig);
    rig.pass(Duration::from_secs(40));
    Search::race(&login(&mut rig, BEN + 1, "Eve"), 30).begin(&mut rig);
    let operator = Request::from(ELSEWHERE).operator();
    for order in [
        ("POST", "bans", r#"{"subject":"198.51.100.0/24","hours":1,"note":"seen"}"#),
        ("POST", "event/start", r#"{"event":"chaos","hours":3}"#),
    ] {
        assert_eq!(status(&operator.order(&mut rig, order)), "200");
    }
    let description = description(&mut rig);
    let mut checked = 0;
    for operation in Operation::all(&description) {
        let answers = &operation.described["responses"]["200"]["content"]["application/json"];
        if operation.method == "GET" && !answers.is_null() {
            let found = json(&operator.get(&mut rig, &operation.path));
            assert!(fits(&found, &answers["schema"], &description), "{operation}: {found}");
            for list in [
                "/players/list",
                "/searches/list",
                "/searches/modes",
                "/matches/list",
                "/results",
                "/leaderboard",
            ] {
                assert_ne!(found.pointer(list), Some(&value!([])), "{list} is not tested");
            }
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
    assert!(!fits(&value!({ "error": 1 }), &value!({ "$ref": "#/components/schemas/Error" }), &description));
}
