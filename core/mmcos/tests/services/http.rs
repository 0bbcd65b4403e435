//! Requirements of RFC 9110 and RFC 9112 for a server, through the game's services. Each test names its section.

use super::{
    rig::{body, status},
    world::server,
};

const PATH: &str = "/MMCOS/redirect_steam_submission3.txt";

/// Returns the response to a request with these fields after its request line.
fn ask(line: &str, fields: &str) -> String {
    server().request(format!("{line}\r\n{fields}\r\n").as_bytes())
}

fn asks(cases: &[(&str, &str, &str)]) {
    for (line, fields, expected) in cases {
        let answer = ask(line, fields);
        assert_eq!(status(&answer), *expected, "{line:?} {fields:?}\n{answer}");
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1")
}

#[test]
fn rfc9112_9_3_close_wins_wherever_it_stands() {
    for connection in [
        "close",
        "close, keep-alive",
        "keep-alive, close",
        "Keep-Alive ,, CLOSE\t",
        "close\r\nConnection: keep-alive",
        "keep-alive\r\nConnection: close",
    ] {
        for version in ["HTTP/1.0", "HTTP/1.1"] {
            let answer =
                ask(&format!("GET {PATH} {version}"), &format!("Host: x\r\nConnection: {connection}\r\n"));
            assert!(answer.contains("\r\nConnection: close\r\n"), "{version} {connection:?}\n{answer}");
        }
    }
    for open in ["", "Connection: keep-alive\r\n", "Connection: closed, x\r\n", "Connection: \r\n"] {
        let answer = ask(&get(PATH), &format!("Host: x\r\n{open}"));
        assert!(status(&answer) == "200" && !answer.contains("Connection: close"), "{open:?}\n{answer}");
    }
}

#[test]
fn rfc9112_3_2_one_valid_host_in_http_1_1_and_at_most_one_in_http_1_0() {
    let old = format!("GET {PATH} HTTP/1.0");
    asks(&[
        (&old, "", "200"),
        (&old, "Host: a\r\n", "200"),
        (&old, "Host: a\r\nHost: a\r\n", "400"),
        (&get(PATH), "", "400"),
        (&get(PATH), "Host: a\r\nHost: a\r\n", "400"),
    ]);
    for host in [
        "",
        "a",
        "a.b-c_d~",
        "a:80",
        "a:",
        "1.2.3.4:8080",
        "[::1]",
        "[2001:db8::7]:443",
        "%41",
        "[v1.a:b]",
        "x!$&'()*+,;=",
    ] {
        assert_eq!(status(&ask(&get(PATH), &format!("Host: {host}\r\n"))), "200", "{host:?}");
    }
    for host in [
        "a b",
        "a b/<>",
        "a/b",
        "u@a",
        "a:b",
        "a:80:80",
        "[::1",
        "::1",
        "[::1]x",
        "[]",
        "[1.2.3.4]",
        "a?b",
        "a#b",
        "%4",
        "%zz",
        "a\\b",
        "\u{e9}",
        "[v.a]",
    ] {
        for version in ["HTTP/1.0", "HTTP/1.1"] {
            let answer = ask(&format!("GET {PATH} {version}"), &format!("Host: {host}\r\n"));
            assert_eq!(status(&answer), "400", "{version} {host:?}");
        }
    }
}

#[test]
fn rfc9112_3_2_2_the_host_of_an_absolute_target_stands_above_the_field() {
    let answer = |target: &str, host: &str| ask(&get(target), &format!("Host: {host}\r\n"));
    let refused = |answer: &str| status(answer) == "403";
    assert!(refused(&answer("/api/v1/session", "evil.example")));
    assert!(refused(&answer("http://evil.example/api/v1/session", "localhost")));
    assert!(!refused(&answer("http://localhost/api/v1/session", "evil.example")));
}

#[test]
fn rfc9110_4_2_3_schemes_are_case_insensitive() {
    for scheme in ["http", "HTTP", "https", "hTTpS"] {
        let answer = ask(&get(&format!("{scheme}://x{PATH}")), "Host: x\r\n");
        assert_eq!((status(&answer), body(&answer)), ("200", "Live"), "{scheme}");
    }
}

#[test]
fn rfc9110_4_2_an_absolute_target_has_a_host_and_no_user() {
    let host = "Host: x\r\n";
    for good in ["http://x:80", "http://x:", "http://[::1]:8080", "http://%41"] {
        asks(&[(&get(&format!("{good}{PATH}")), host, "200")]);
    }
    for bad in [
        "http://",
        "http://:80",
        "http://u@x",
        "http://u:p@x",
        "http://x:y",
        "http:",
        "http:/x",
        "ftp://x",
        "//",
        "x",
        "x:80",
        "http://x\\",
        "/a#b?c=",
    ] {
        let expected = if bad == "//" { "404" } else { "400" };
        asks(&[(&get(&format!("{bad}{PATH}")), host, expected)]);
    }
}

#[test]
fn rfc3986_3_2_a_query_after_the_host_is_no_path() {
    for target in ["http://localhost?y=/healthz", "http://localhost/?y=/healthz"] {
        assert_ne!(body(&ask(&get(target), "Host: localhost\r\n")), "ok\n", "{target}");
    }
}

#[test]
fn rfc9112_3_2_3_and_3_2_4_other_forms_are_for_their_methods() {
    let host = "Host: x\r\n";
    asks(&[
        ("OPTIONS * HTTP/1.1", host, "200"),
        ("OPTIONS http://x HTTP/1.1", host, "200"),
        ("GET * HTTP/1.1", host, "400"),
        ("CONNECT x:80 HTTP/1.1", host, "404"),
        ("CONNECT / HTTP/1.1", host, "400"),
        ("GET x:80 HTTP/1.1", host, "400"),
    ]);
    assert!(ask("OPTIONS * HTTP/1.1", host).contains("\r\nAllow: GET, HEAD, POST"));
}

#[test]
fn rfc9110_2_5_a_later_minor_version_is_answered_as_1_1() {
    for version in ["HTTP/1.2", "HTTP/1.9"] {
        let answer = ask(&format!("GET {PATH} {version}"), "Host: x\r\n");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("Connection: close"),
            "{answer}"
        );
        asks(&[(&format!("GET {PATH} {version}"), "", "400")]);
        let posted =
            ask(&format!("POST /nowhere {version}"), "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
        assert_eq!(status(&posted), "404");
    }
    for (version, expected) in
        [("HTTP/2.0", "505"), ("HTTP/0.9", "505"), ("HTTP/1.10", "400"), ("http/1.1", "400")]
    {
        asks(&[(&format!("GET {PATH} {version}"), "Host: x\r\n", expected)]);
    }
}

#[test]
fn rfc9112_7_1_1_blanks_before_an_extension_are_read_over() {
    let chunked = |body: &str| {
        let answer = ask(
            "POST /nowhere HTTP/1.1",
            &format!("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}\r\n"),
        );
        status(&answer).to_owned()
    };
    for good in ["5;x=y", "5 ;x=y", "5\t ; x = \"y\"", "05", "000000000005"] {
        assert_eq!(chunked(&format!("{good}\r\nhello\r\n0\r\n")), "404", "{good:?}");
    }
    for bad in ["5 ", " 5", "5 5;x", ";x", " ;x", "5\u{b};x", "+5", "5x;y", "100000005", "0000000100000005;x"]
    {
        let expected = if bad.contains("1000") { "413" } else { "400" };
        let status = chunked(&format!("{bad}\r\nhello\r\n0\r\n"));
        assert!(status == expected || status == "400", "{bad:?} {status}");
        assert_ne!(status, "404", "{bad:?}");
    }
}

#[test]
fn rfc9112_2_2_empty_lines_before_a_request_are_read_over() {
    for (empty_lines, answers) in [(0, 2), (1, 2), (2, 2), (4, 2), (5, 1)] {
        let next = format!("{}\r\nHost: x\r\n\r\n", get(PATH));
        let answer = ask(&get(PATH), &format!("Host: x\r\n\r\n{}{next}", "\r\n".repeat(empty_lines)));
        assert_eq!(answer.matches("200 OK").count(), answers, "{empty_lines}");
    }
}

#[test]
fn rfc9112_6_3_framings_that_contradict_themselves_are_refused() {
    let post = "POST /nowhere HTTP/1.1";
    asks(&[
        (post, "Host: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n", "400"),
        (post, "Host: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "400"),
        (post, "Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "501"),
        ("POST /nowhere HTTP/1.0", "Transfer-Encoding: chunked\r\n\r\n0\r\n", "400"),
        (post, "Host: x\r\nX: a\r\n b\r\n", "400"),
    ]);
}

#[test]
fn rfc9110_10_1_1_expectations_that_cannot_be_met_are_refused() {
    asks(&[
        (&get(PATH), "Host: x\r\nExpect: riches\r\n", "417"),
        (&get(PATH), "Host: x\r\nExpect: 100-continue, riches\r\n", "417"),
        (&get(PATH), "Host: x\r\nExpect: 100-CONTINUE\r\n", "200"),
        (&format!("GET {PATH} HTTP/1.0"), "Expect: 100-continue\r\n", "200"),
    ]);
}

#[test]
fn rfc9110_15_5_2_every_401_has_a_challenge() {
    let post = |path: &str, body: &str| {
        ask(
            &format!("POST {path} HTTP/1.1"),
            &format!("Host: x\r\nContent-Length: {}\r\n\r\n{body}", body.len() + 2),
        )
    };
    let ranks = "<GetEliteRank><SessionToken>eA==</SessionToken></GetEliteRank>";
    let login = "<Login><PlatformID>14</PlatformID><DisplayName>a</DisplayName></Login>";
    for answer in [
        post("/MMCOS-Leaderboard/LeaderboardService.svc/GetEliteRank", ranks),
        post("/MMCOS-Account/AccountService.svc/Login", login),
        ask("GET /api/v1/state HTTP/1.1", "Host: localhost\r\nX-Forwarded-For: 203.0.113.9\r\n"),
    ] {
        assert_eq!(status(&answer), "401", "{answer}");
        assert!(answer.contains("\r\nWWW-Authenticate: "), "{answer}");
    }
}

#[test]
fn rfc9110_15_5_6_every_405_says_what_is_allowed() {
    let pages = |line: &str| {
        let mut hosted = super::world::Hosted::from(super::world::trusting());
        hosted.life.desk.pages = vec![mmcos_core::admin::VisitorPage {
            path: "/".into(),
            content_type: "text/html".into(),
            policy: String::new(),
            by_ip: String::new(),
            by_name: String::new(),
            unknown: Some("for players".into()),
        }];
        super::world::rig(hosted).request(format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
    };
    for line in [
        "DELETE /",
        "POST /",
        "PUT /",
        "OPTIONS /",
        "BREW /",
        "DELETE /healthz",
        "POST /metrics",
        "HEAD /api/v1/bans/lift",
    ] {
        let answer = pages(line);
        assert_eq!(status(&answer), "405", "{line}\n{answer}");
        assert!(answer.contains("\r\nAllow: "), "{line}\n{answer}");
    }
    assert_eq!((status(&pages("GET /")), body(&pages("GET /"))), ("200", "for players"));
}

#[test]
fn rfc9110_9_3_2_head_has_the_head_of_get_and_no_body() {
    for path in [
        PATH,
        "/MMCOS-ServerStatus/ServerStatus.xml",
        "/api/v1/status",
        "/admin",
        "/nowhere",
        "/MicroMachines/STEAM/1.0/",
    ] {
        let [get, head] =
            ["GET", "HEAD"].map(|method| ask(&format!("{method} {path} HTTP/1.1"), "Host: localhost\r\n"));
        assert_eq!(get.split_once("\r\n\r\n").unwrap().0, head.split_once("\r\n\r\n").unwrap().0, "{path}");
        assert_eq!(body(&head), "", "{path}");
    }
}
