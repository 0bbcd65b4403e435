//! Two friends and a stand-in for Discord: the call leaves at once, the friend comes, they meet, and the message is
//! changed. The stand-in behaves as Discord's documentation says, rate limit included.

use std::time::Duration;

use crate::blackbox::rig::{
    player::{Player, RACE, meet},
    process::Server,
    webhook::Webhook,
};

/// A message with a number, for a client that waits for it.
const MESSAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n\
                       {\"id\":\"112233\",\"content\":\"ok\"}";
/// Too many messages: try again in 0.7 seconds.
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 70\r\n\r\n\
                        {\"message\":\"You are being rate limited.\",\"retry_after\":0.7,\"global\":0}";

fn server(discord: &Webhook) -> Server {
    let url = format!("http://{}/api/webhooks/1/s3cret", discord.address);
    let times = ["--poll-seconds", "2", "--gather-seconds", "0.3", "--public-address", "203.0.113.5"];
    let notify = ["--notify-url", &url, "--notify-format", "discord", "--notify-mention", "role 77"];
    Server::start_with(&[times, notify].concat())
}

#[test]
fn a_friend_who_is_called_meets_the_caller_and_the_message_is_changed() {
    let discord = Webhook::answering(&[MESSAGE]);
    let server = server(&discord);
    let mut ann = Player::new(server.https, 1);
    let call = discord.next();
    assert!(call.head.starts_with("POST /api/webhooks/1/s3cret?wait=true HTTP/1.1\r\n"), "{}", call.head);
    assert!(call.body.contains("<@&77> Player 1 is online in Micro Machines World Series"), "{}", call.body);
    assert!(call.body.contains(r#""allowed_mentions":{"parse":[],"roles":["77"]}"#), "{}", call.body);
    assert!(call.body.contains("http://203.0.113.5/"), "{}", call.body);
    ann.search(RACE);
    let searching = discord.next();
    let patch = "PATCH /api/webhooks/1/s3cret/messages/112233 HTTP/1.1\r\n";
    assert!(searching.head.starts_with(patch), "{}", searching.head);
    assert!(searching.body.contains("looking for opponents") && searching.body.contains("5 minutes"));
    // The friend has read it, and starts the game.
    let mut bea = Player::new(server.https, 2);
    bea.search(RACE);
    meet(&mut [ann, bea]);
    let met = discord.next();
    assert!(met.head.starts_with(patch) && met.body.contains("2 players race"), "{}", met.body);
}

#[test]
fn a_rate_limit_is_obeyed_and_later_news_take_the_place_of_earlier() {
    let discord = Webhook::answering(&[TOO_MANY, MESSAGE]);
    let server = server(&discord);
    let mut ann = Player::new(server.https, 1);
    let first = discord.next();
    ann.search(RACE);
    let again = discord.next();
    assert!(again.at.duration_since(first.at) >= Duration::from_millis(700), "asked to wait");
    assert!(again.head.starts_with("POST "), "{}", again.head);
    assert!(again.body.contains("looking for opponents"), "one message has the latest news: {}", again.body);
    server.logs("asks to wait 1 s before the next message");
}
