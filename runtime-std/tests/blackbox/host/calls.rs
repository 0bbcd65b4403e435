//! Two friends and a stand-in for Discord: the call leaves at once, the friend comes, they meet, and the message is
//! changed. The stand-in behaves as Discord's documentation says, rate limit included.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use crate::blackbox::rig::{
    client::PATIENCE,
    player::{Player, RACE, meet},
    process::Server,
};

/// A message with a number, for a client that waits for it.
const MESSAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n\
                       {\"id\":\"112233\",\"content\":\"ok\"}";
/// Too many messages: try again in 0.7 seconds.
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 70\r\n\r\n\
                        {\"message\":\"You are being rate limited.\",\"retry_after\":0.7,\"global\":0}";

/// A request to the stand-in, and its time.
struct Sent {
    at: Instant,
    line: String,
    body: String,
}

/// Answers each request with the next of these responses, then with a message.
fn discord(first: &[&'static str]) -> (SocketAddr, Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, sent) = channel();
    let first = first.to_vec();
    thread::spawn(move || {
        let mut responses = first.into_iter();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (line, body) = read(&mut stream);
            let _ = sender.send(Sent { at: Instant::now(), line, body });
            stream.write_all(responses.next().unwrap_or(MESSAGE).as_bytes()).unwrap();
        }
    });
    (address, sent)
}

fn read(stream: &mut TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    let field = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse().ok();
    let mut body = vec![0; head.lines().find_map(field).expect("a body has a length")];
    reader.read_exact(&mut body).unwrap();
    (head.lines().next().unwrap().to_owned(), String::from_utf8(body).unwrap())
}

fn server(discord: SocketAddr) -> Server {
    let url = format!("http://{discord}/api/webhooks/1/s3cret");
    Server::start_with(&[
        "--poll-seconds",
        "2",
        "--gather-seconds",
        "0.3",
        "--notify-url",
        &url,
        "--notify-format",
        "discord",
        "--notify-mention",
        "role 77",
        "--public-address",
        "203.0.113.5",
    ])
}

fn next(sent: &Receiver<Sent>) -> Sent {
    sent.recv_timeout(PATIENCE).expect("the webhook is told")
}

#[test]
fn a_friend_who_is_called_meets_the_caller_and_the_message_is_changed() {
    let (address, sent) = discord(&[]);
    let server = server(address);
    let mut ann = Player::new(server.https, 1);
    let call = next(&sent);
    assert_eq!(call.line, "POST /api/webhooks/1/s3cret?wait=true HTTP/1.1");
    assert!(call.body.contains("<@&77> Player 1 is online in Micro Machines World Series"), "{}", call.body);
    assert!(call.body.contains(r#""allowed_mentions":{"parse":[],"roles":["77"]}"#), "{}", call.body);
    assert!(call.body.contains("http://203.0.113.5/"), "{}", call.body);
    ann.search(RACE);
    let searching = next(&sent);
    assert_eq!(searching.line, "PATCH /api/webhooks/1/s3cret/messages/112233 HTTP/1.1");
    assert!(searching.body.contains("looking for opponents") && searching.body.contains("5 minutes"));
    // The friend has read it, and starts the game.
    let mut bea = Player::new(server.https, 2);
    bea.search(RACE);
    meet(&mut [ann, bea]);
    let met = next(&sent);
    assert!(
        met.line.starts_with("PATCH ") && met.body.contains("2 players race"),
        "{} {}",
        met.line,
        met.body
    );
}

#[test]
fn a_rate_limit_is_obeyed_and_later_news_take_the_place_of_earlier() {
    let (address, sent) = discord(&[TOO_MANY]);
    let server = server(address);
    let mut ann = Player::new(server.https, 1);
    let first = next(&sent);
    ann.search(RACE);
    let again = next(&sent);
    assert!(again.at.duration_since(first.at) >= Duration::from_millis(700), "asked to wait");
    assert!(again.line.starts_with("POST "), "{}", again.line);
    assert!(again.body.contains("looking for opponents"), "one message has the latest news: {}", again.body);
    server.logs("asks to wait 1 s before the next message");
}
