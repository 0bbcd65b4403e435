//! Two friends and a stand-in for each service that a webhook can be of: the call leaves at once, the friend comes,
//! they meet, and the message is changed where the service can do that. The stand-ins check requests and answer as the
//! services' documentations say, rate limits included.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::blackbox::rig::{
    player::{Player, RACE, meet, stays_alone},
    process::Server,
    webhook::{Request, Webhook},
};

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Discord,
    Slack,
    Ntfy,
    Telegram,
    /// A program that reads text.
    Text,
}

/// A status with the fields and the body of a response.
type Answer = (u16, &'static str, Value);

impl Service {
    const fn path(self) -> &'static str {
        match self {
            Self::Discord => "/api/webhooks/1/s3cret",
            Self::Slack => "/services/T1/B1/s3cret",
            Self::Ntfy => "/races",
            Self::Telegram => "/bot1:s3cret/sendMessage?chat_id=-100",
            Self::Text => "/hooks/s3cret",
        }
    }

    const fn format(self) -> &'static str {
        match self {
            Self::Discord => "discord",
            Self::Slack => "slack",
            Self::Ntfy => "ntfy",
            Self::Telegram => "telegram",
            Self::Text => "text",
        }
    }

    /// Returns the answer to too many messages, and the time that it asks to wait.
    fn too_many(self) -> (Answer, Duration) {
        let wait = |millis| Duration::from_millis(millis);
        match self {
            Self::Discord => {
                let text = "You are being rate limited.";
                let body = json!({ "message": text, "retry_after": 0.7, "global": false });
                ((429, "X-RateLimit-Scope: user\r\n", body), wait(700))
            }
            Self::Slack => {
                let body = json!({ "ok": false, "error": "rate_limited" });
                ((429, "Retry-After: 1\r\n", body), wait(1000))
            }
            // Names no time.
            Self::Ntfy => {
                let text = "limit reached: too many requests, please be nice";
                let link = "https://ntfy.sh/docs/publish/#limitations";
                let body = json!({ "code": 42901, "http": 429, "error": text, "link": link });
                ((429, "", body), Duration::from_secs(30))
            }
            Self::Telegram => {
                let text = "Too Many Requests: retry after 1";
                let parameters = json!({ "retry_after": 1 });
                let body =
                    json!({ "ok": false, "error_code": 429, "description": text, "parameters": parameters });
                ((429, "", body), wait(1000))
            }
            Self::Text => ((429, "Retry-After: 1\r\n", Value::Null), wait(1000)),
        }
    }

    /// Returns the answer to a request, after so many messages.
    fn answer(self, sent: &Request, messages: u64) -> Answer {
        let (method, target) = line(sent).split_once(' ').unwrap();
        let target = target.strip_suffix(" HTTP/1.1").unwrap();
        let body: Value = serde_json::from_str(&sent.body).unwrap_or(Value::Null);
        let (is_json, is_post) = (has(&sent.head, "content-type: application/json"), method == "POST");
        let is_text = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
        match self {
            Self::Discord => {
                let changed = target.strip_prefix("/api/webhooks/1/s3cret/messages/");
                let known = changed.is_some_and(|id| (1..=messages).any(|message| message.to_string() == id));
                match method {
                    "POST" | "PATCH" if !is_json || !is_text("content") => {
                        (400, "", json!({ "message": "Cannot send an empty message", "code": 50_006 }))
                    }
                    // Without `wait`, nothing tells the number of the message.
                    "POST" if target == self.path() => (204, "", Value::Null),
                    "POST" if target == format!("{}?wait=true", self.path()) => {
                        (200, "", json!({ "id": (messages + 1).to_string(), "content": body["content"] }))
                    }
                    "PATCH" if known => (200, "", json!({ "id": changed, "content": body["content"] })),
                    _ => (404, "", json!({ "message": "Unknown Message", "code": 10_008 })),
                }
            }
            Self::Slack if is_post && target == self.path() && is_json && is_text("text") => {
                (200, "", Value::from("ok"))
            }
            Self::Ntfy if ["POST", "PUT"].contains(&method) && target == self.path() => {
                let message = json!({ "id": "hwQ2YpKdmg", "event": "message", "topic": "races" });
                (200, "", message)
            }
            Self::Telegram if is_post && is_json && is_text("text") && body["chat_id"] == "-100" => {
                let number = body["message_id"].as_u64();
                match (target.split_once('?').map_or(target, |(path, _)| path), number) {
                    ("/bot1:s3cret/sendMessage", None) => {
                        (200, "", json!({ "ok": true, "result": { "message_id": messages + 1 } }))
                    }
                    ("/bot1:s3cret/editMessageText", Some(number)) if (1..=messages).contains(&number) => {
                        (200, "", json!({ "ok": true, "result": { "message_id": number } }))
                    }
                    _ => {
                        let text = "Bad Request: message to edit not found";
                        (400, "", json!({ "ok": false, "error_code": 400, "description": text }))
                    }
                }
            }
            Self::Text if is_post && target == self.path() && has(&sent.head, "content-type: text/plain") => {
                (204, "", Value::Null)
            }
            Self::Slack | Self::Ntfy | Self::Telegram | Self::Text => {
                (400, "", Value::from("invalid_payload"))
            }
        }
    }

    /// Starts a stand-in. Its first answers are these.
    fn stand_in(self, first: &[Answer]) -> Webhook {
        let first = first.to_vec();
        let (mut first, mut messages) = (first.into_iter(), 0);
        Webhook::acting(move |sent| {
            let (status, fields, body) = first.next().unwrap_or_else(|| self.answer(sent, messages));
            messages += u64::from(status < 300 && sent.head.starts_with("POST "));
            let body = match body {
                Value::Null => String::new(),
                Value::String(text) => text,
                json => json.to_string(),
            };
            let length = body.len();
            Some(format!("HTTP/1.1 {status} x\r\n{fields}Content-Length: {length}\r\n\r\n{body}"))
        })
    }
}

/// Returns the first line of a request.
fn line(sent: &Request) -> &str {
    sent.head.lines().next().unwrap_or_default()
}

fn has(head: &str, text: &str) -> bool {
    head.to_ascii_lowercase().contains(&format!("\r\n{text}"))
}

fn server(service: Service, webhook: &Webhook, more: &[&str]) -> Server {
    let url = format!("http://{}{}", webhook.address, service.path());
    let usual = ["--gather-seconds", "0.3", "--public-address", "203.0.113.5"];
    let notify = ["--notify-url", &url, "--notify-format", service.format(), "--notify-mention", "role 77"];
    Server::start_with(&[&usual, &notify[..], more].concat())
}

/// Returns the next request, which the stand-in accepts.
fn next(webhook: &Webhook) -> Request {
    let sent = webhook.next();
    let answer = sent.answer.as_deref().unwrap_or_default();
    assert!(answer.starts_with("HTTP/1.1 20"), "{sent:?}");
    sent
}

#[test]
fn each_service_is_told_of_a_call_and_that_a_friend_came() {
    for (service, changed) in [
        (Service::Discord, Some("PATCH /api/webhooks/1/s3cret/messages/1 HTTP/1.1")),
        (Service::Telegram, Some("POST /bot1:s3cret/editMessageText?chat_id=-100 HTTP/1.1")),
        (Service::Slack, None),
        (Service::Ntfy, None),
        (Service::Text, None),
    ] {
        let webhook = service.stand_in(&[]);
        let server = server(service, &webhook, &["--poll-seconds", "2"]);
        let mut ann = Player::new(server.https, 1);
        let call = next(&webhook);
        assert!(call.body.contains("Player 1 is online in Micro Machines World Series"), "{call:?}");
        let link = if service == Service::Ntfy { &call.head } else { &call.body };
        assert!(link.contains("http://203.0.113.5/"), "{call:?}");
        let mentions = call.body.contains("<@&77> ")
            && call.body.contains(r#""allowed_mentions":{"parse":[],"roles":["77"]}"#);
        assert_eq!(mentions, service == Service::Discord, "{call:?}");
        ann.search(RACE);
        let searching = next(&webhook);
        assert!(searching.body.contains("looking for opponents"), "{searching:?}");
        assert!(searching.body.contains("5 minutes"), "{searching:?}");
        // The friend has read it, and starts the game.
        let mut bea = Player::new(server.https, 2);
        bea.search(RACE);
        meet(&mut [ann, bea]);
        let met = next(&webhook);
        assert!(met.body.contains("2 players race"), "{met:?}");
        let expected = changed.unwrap_or(line(&call));
        assert_eq!([line(&searching), line(&met)], [expected, expected]);
    }
}

#[test]
fn rate_limits_are_obeyed_and_later_news_take_the_place_of_earlier() {
    for service in [Service::Discord, Service::Slack, Service::Telegram, Service::Text, Service::Ntfy] {
        let (too_many, wait) = service.too_many();
        let webhook = service.stand_in(&[too_many]);
        let server = server(service, &webhook, &["--poll-seconds", "2"]);
        let mut ann = Player::new(server.https, 1);
        let first = webhook.next();
        ann.search(RACE);
        let seconds = wait.as_secs_f64().ceil();
        server.logs(&format!("asks to wait {seconds} s before the next message"));
        if service == Service::Ntfy {
            let again = webhook.requests.recv_timeout(Duration::from_secs(3));
            assert!(again.is_err(), "it was told too soon: {again:?}");
            continue;
        }
        let again = next(&webhook);
        assert!(again.at.duration_since(first.at) >= wait, "{service:?} asked to wait");
        assert_eq!(line(&again), line(&first));
        assert!(again.body.contains("looking for opponents"), "one message has the latest news: {again:?}");
    }
}

/// Minutes last three seconds here: of the five for which the caller's game searches, the friend takes four to come. A
/// game for which no friend was called would have turned to AI before.
#[test]
fn a_friend_that_needs_four_minutes_meets_the_caller() {
    const MINUTE: Duration = Duration::from_secs(3);
    let (too_many, wait) = Service::Discord.too_many();
    let webhook = Service::Discord.stand_in(&[too_many]);
    let times = ["--search-seconds", "10", "--call-seconds", "15", "--poll-seconds", "5"];
    let server = server(Service::Discord, &webhook, &times);
    let began = Instant::now();
    let mut ann = Player::new(server.https, 1);
    assert_eq!(ann.search_time, 5 * MINUTE, "ten seconds without the webhook");
    let refused = webhook.next();
    assert!(refused.at.duration_since(began) < Duration::from_secs(1), "the call leaves at once");
    ann.search(RACE);
    let call = next(&webhook);
    assert!(call.at.duration_since(refused.at) >= wait && call.head.starts_with("POST "), "{call:?}");
    let comes = 4 * MINUTE;
    while began.elapsed() + Duration::from_secs(5) < comes {
        stays_alone(&mut ann);
        ann.search(RACE);
    }
    thread::sleep(comes.saturating_sub(began.elapsed()));
    let mut bea = Player::new(server.https, 2);
    bea.search(RACE);
    meet(&mut [ann, bea]);
    assert!(began.elapsed() < 5 * MINUTE, "the caller's game still searched");
    let changed = next(&webhook);
    assert_eq!(line(&changed), "PATCH /api/webhooks/1/s3cret/messages/1 HTTP/1.1");
    assert!(changed.body.contains("2 players race"), "{changed:?}");
    assert!(webhook.requests.try_recv().is_err(), "one message, changed once");
}
