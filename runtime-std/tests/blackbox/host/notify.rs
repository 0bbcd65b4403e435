//! The server tells a webhook when a player searches alone, and the game does not notice.

use std::{
    net::TcpListener,
    process::Output,
    time::{Duration, Instant},
};

use crate::blackbox::rig::{
    client::Client,
    player::{BATTLE, Player, RACE, meet, search, stays_alone},
    process::{Scratch, Server, program},
    webhook::{Request, Webhook},
};

fn url(webhook: &Webhook) -> String {
    format!("http://{}/hooks/s3cret", webhook.address)
}

/// Waits for the next request about a search. Others are about logins.
fn next_search(webhook: &Webhook) -> Request {
    std::iter::repeat_with(|| webhook.next())
        .find(|request| request.body.contains("is looking for opponents"))
        .unwrap()
}

/// Asserts that no further message arrives in the time that one needs.
fn hears_no_more(webhook: &Webhook) {
    assert!(webhook.requests.recv_timeout(Duration::from_millis(400)).is_err(), "it was told once too often");
}

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const NOT_FOUND: &str =
    "HTTP/1.1 404 Not Found\r\nContent-Length: 30\r\n\r\n{\"message\":\n\"Unknown Webhook\"}";

fn server(webhook: &str, more: &[&str]) -> Server {
    let usual = ["--poll-seconds", "1", "--gather-seconds", "0.3", "--notify-url", webhook];
    Server::start_with(&[&usual, more].concat())
}

fn test(url: &str, roots: Option<&str>) -> Output {
    let mut command = program(&Scratch::new(), &["notify-test", "--notify-url", url]);
    command.current_dir("/");
    if let Some(roots) = roots {
        command.env("SSL_CERT_FILE", roots);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_first_who_searches_is_told_of() {
    let webhook = Webhook::answering(&[NO_CONTENT]);
    let server = server(&url(&webhook), &["--notify-quiet-seconds", "0"]);
    let mut ann = Player::named(Client::plain(server.http), 1, "@everyone \"Ann\"");
    let mut bea = Player::new(server.https, 2);
    ann.search(RACE);
    let Request { head, body, .. } = next_search(&webhook);
    assert!(head.starts_with("POST /hooks/s3cret HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("\r\ncontent-type: application/json\r\n"), "{head}");
    for part in [
        r#""content":"everyone Ann is looking for opponents"#,
        r#""text":"everyone Ann is looking"#,
        r#""player":"@everyone \"Ann\"""#,
        r#""allowed_mentions":{"parse":[]}"#,
        r#""event":"first-search""#,
        r#""game_type":"QuickRace""#,
    ] {
        assert!(body.contains(part), "{body} has no {part}");
    }
    assert!(!body.contains(&ann.token) && !body.contains("127.0.0.1") && !body.contains("7656"), "{body}");
    // Neither a second player nor one that goes on causes a message.
    bea.search(BATTLE);
    stays_alone(&mut ann);
    ann.search(RACE);
    hears_no_more(&webhook);
    server.logs("sent a message to 127.0.0.1");
}

#[test]
fn ntfy_is_sent_the_text_alone() {
    let webhook = Webhook::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let server = server(&url(&webhook), &["--notify-format", "text"]);
    let mut ann = Player::new(server.https, 1);
    ann.search(RACE);
    let Request { head, body, .. } = next_search(&webhook);
    assert!(head.to_ascii_lowercase().contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"), "{head}");
    assert!(
        body.starts_with("Player 1 is looking for opponents") && body.contains("come and play!"),
        "{body}"
    );
}

#[test]
fn however_often_a_search_begins_there_is_one_message_in_the_quiet_time() {
    let webhook = Webhook::answering(&[NO_CONTENT]);
    let server = server(&url(&webhook), &["--notify-quiet-seconds", "3600"]);
    for number in 1..=5 {
        let mut player = Player::new(server.https, number);
        player.search(RACE);
        server.logs("searching, for \"QuickRace\"");
        // The login and the search of the first player are one call.
        if number == 1 {
            next_search(&webhook);
        }
        player.cancel(server.http);
    }
    hears_no_more(&webhook);
}

#[test]
fn a_webhook_that_never_answers_holds_up_nobody() {
    let webhook = Webhook::answering(&[]);
    let server = server(&url(&webhook), &["--notify-quiet-seconds", "0"]);
    for number in 1..=5 {
        let mut player = Player::new(server.https, number);
        player.search(RACE);
        server.settle();
        player.cancel(server.http);
    }
    server.logs("earlier messages still wait");
    webhook.next();
    let asked = Instant::now();
    let mut friends = [6, 7].map(|number| Player::new(server.https, number));
    search(&mut friends, RACE);
    meet(&mut friends);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let slow = server.logs("message to notify-url not sent: ");
    assert!(slow.contains("127.0.0.1 did not respond within 10 seconds"), "{slow}");
    // The next message is sent. It gets no response either.
    webhook.next();
    let told_to_stop = Instant::now();
    server.stop();
    assert!(told_to_stop.elapsed() < Duration::from_secs(5), "{:?}", told_to_stop.elapsed());
}

#[test]
fn a_refusal_is_one_line_that_says_what_to_do_and_keeps_the_url() {
    let webhook = Webhook::answering(&[NOT_FOUND]);
    let server = server(&url(&webhook), &[]);
    let mut ann = Player::new(server.https, 1);
    ann.search(RACE);
    webhook.next();
    let line = server.logs("message to notify-url not sent: ");
    assert!(line.contains("warn"), "{line}");
    assert!(line.ends_with(
        "127.0.0.1 responded 404: it has no webhook at notify-url (any more); make a new one and copy its URL"
    ), "{line}");
    stays_alone(&mut ann);
    ann.search(RACE);
    stays_alone(&mut ann);
    let more: Vec<String> = server.log_so_far();
    assert!(!more.iter().any(|line| line.contains("notify-url") || line.contains("s3cret")), "{more:?}");
}

#[test]
fn a_webhook_that_is_not_there_is_one_line() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = server(&format!("http://{nobody}/hooks/s3cret"), &[]);
    let mut ann = Player::new(server.https, 1);
    ann.search(RACE);
    let line = server.logs("message to notify-url not sent: ");
    assert!(line.contains("127.0.0.1 cannot be reached: ") && !line.contains("s3cret"), "{line}");
    stays_alone(&mut ann);
}

#[test]
fn a_redirect_is_not_followed() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = Webhook::answering(&[NO_CONTENT]);
        let location = url(&elsewhere);
        let redirect = format!("HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let webhook = Webhook::answering(&[&redirect]);
        let said = test(&url(&webhook), None);
        assert!(!said.status.success());
        assert!(text(&said.stderr).contains("set notify-url to the final address"), "{}", text(&said.stderr));
        webhook.next();
        assert!(elsewhere.requests.try_recv().is_err(), "{status} was followed");
    }
}

#[test]
fn a_test_message_says_what_was_answered() {
    let (good, bad) = (Webhook::answering(&[NO_CONTENT]), Webhook::answering(&[NOT_FOUND]));
    let said = test(&url(&good), None);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert_eq!(text(&said.stdout), "127.0.0.1 accepted the test message: 204\n");
    assert!(good.next().body.contains(r#""event":"test""#));
    let said = test(&url(&bad), None);
    assert_eq!(said.status.code(), Some(1));
    let error = text(&said.stderr);
    assert!(error.contains("the test message did not arrive: 127.0.0.1 responded 404: "), "{error}");
    assert!(error.ends_with("(it says: {\"message\": \"Unknown Webhook\"})\n"), "{error}");
    assert!(text(&test("", None).stderr).contains("notify-url is empty, so no messages"));
    for url in ["ftp://a/b", "file:///etc/passwd", "discord.com/api", "https://a:b@c/d"] {
        let error = test(url, None).stderr;
        assert!(
            text(&error).contains("--notify-url: notify-url = `")
                && text(&error).contains("is not the URL of a")
        );
    }
}

#[test]
fn https_is_spoken_with_whom_the_machine_trusts() {
    // A server of the game is not a webhook, but has an HTTPS listener and a certificate for localhost.
    let server = Server::start();
    let own = server.data().join("certificate-p256.pem");
    let url = format!("https://localhost:{}/hooks/s3cret", server.https.port());
    let trusted = test(&url, own.to_str());
    assert!(text(&trusted.stderr).contains("localhost responded 404"), "{}", text(&trusted.stderr));
    let other = Server::start_in(Scratch::new(), &[]);
    let others = other.data().join("certificate-p256.pem");
    let untrusted = test(&url, others.to_str());
    assert!(text(&untrusted.stderr).contains("TLS with localhost fails: "), "{}", text(&untrusted.stderr));
    let nobody = test(&url, Some("/dev/null"));
    assert!(
        text(&nobody.stderr).contains("this machine has no root certificates"),
        "{}",
        text(&nobody.stderr)
    );
}
