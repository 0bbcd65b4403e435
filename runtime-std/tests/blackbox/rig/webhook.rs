//! A stand-in for a webhook.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

use super::client::PATIENCE;

/// A request to the webhook, its time, and the response to it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) answer: Option<String>,
}

/// A webhook.
pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Receiver<Request>,
}

impl Webhook {
    /// Starts a webhook that sends each of its responses once, and the last one from then on; without responses, it is
    /// silent.
    pub(crate) fn answering(answers: &[&str]) -> Self {
        let mut answers: Vec<String> = answers.iter().rev().map(|answer| (*answer).to_owned()).collect();
        Self::acting(move |_| {
            let answer = answers.last().cloned();
            answers.truncate(answers.len().saturating_sub(1).max(1));
            answer
        })
    }

    /// Starts a webhook that responds as this says.
    pub(crate) fn acting(mut answer: impl FnMut(&Request) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, requests) = channel();
        thread::spawn(move || {
            let mut kept_waiting = Vec::new();
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut request = read(&mut stream);
                request.answer = answer(&request);
                match &request.answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                    None => kept_waiting.push(stream),
                }
                let _ = received.send(request);
            }
        });
        Self { address, requests }
    }

    /// Waits for the next request.
    pub(crate) fn next(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("the webhook is told")
    }
}

fn read(stream: &mut TcpStream) -> Request {
    let at = Instant::now();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    let field = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse().ok();
    let mut body = vec![0; head.lines().find_map(field).expect("a body has a length")];
    reader.read_exact(&mut body).unwrap();
    Request { at, head, body: String::from_utf8(body).unwrap(), answer: None }
}
