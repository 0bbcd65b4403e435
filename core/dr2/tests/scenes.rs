//! Scenes byte by byte, in every split of every request.
#![cfg(test)]

mod common;

use dr2::Dr2;
use mmcos_core::{
    seam::Wall,
    testing::{Scenario, TestGame},
    wire::http::Date,
};

struct Gravel;

impl TestGame for Gravel {
    type Service = Dr2;

    fn service(&self, _: &[(String, String)]) -> Dr2 {
        common::game(&common::settings())
    }

    fn probe(&self, now: Wall) -> Option<[Vec<u8>; 2]> {
        let request =
            "POST /RP17/ HTTP/1.1\r\nHost: x\r\nX-EgoNet-Function: Season.Get\r\nContent-Length: 0\r\n\r\n";
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-EgoNet-Result: 1\r\n\
             X-EgoNet-Catalogue-Version: 1.18.0\r\nDate: {}\r\nContent-Length: 0\r\n\r\n",
            Date::at(now).as_str()
        );
        Some([request.into(), response.into()])
    }
}

#[test]
fn a_login_is_the_same_however_its_bytes_arrive() {
    Scenario::parse(include_str!("fixtures/login.http")).check(&Gravel);
}

#[test]
#[should_panic(expected = "expected")]
fn a_scene_can_fail() {
    let changed = include_str!("fixtures/login.http").replace("Flags\" \"ui64", "Flags\" \"si64");
    Scenario::parse(&changed).check(&Gravel);
}
