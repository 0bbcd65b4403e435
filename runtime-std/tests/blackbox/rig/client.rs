//! One connection to a server, and its responses.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::SockRef;

/// Time-out for anything that should happen soon; longer than any machine needs for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Path of a file that every game reads at its start.
pub(crate) const REDIRECT: &str = "/MMCOS/redirect_steam_submission3.txt";

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A connection.
pub(crate) struct Client {
    stream: Stream,
    read: Vec<u8>,
}

/// A whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Returns the content of the first element with this name.
    pub(crate) fn element(&self, name: &str) -> &str {
        element(self.text(), name)
    }

    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}{}", self.head, String::from_utf8_lossy(&self.body));
        self
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp.set_write_timeout(Some(PATIENCE)).unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp
}

impl Client {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self::plain_over(connect(address))
    }

    pub(crate) fn plain_over(tcp: TcpStream) -> Self {
        Self { stream: Stream::Plain(tcp), read: Vec::new() }
    }

    pub(crate) fn tls(address: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        Self::tls_over(connect(address), config)
    }

    pub(crate) fn tls_over(tcp: TcpStream, config: &Arc<ClientConfig>) -> Self {
        let name = "mmcos.codemasters.com".try_into().unwrap();
        let session = ClientConnection::new(config.clone(), name).unwrap();
        Self { stream: Stream::Tls(Box::new(StreamOwned::new(session, tcp))), read: Vec::new() }
    }

    pub(crate) fn send(&mut self, request: &[u8]) {
        self.try_send(request).unwrap();
    }

    pub(crate) fn try_send(&mut self, request: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.write_all(request),
            Stream::Tls(tls) => tls.write_all(request).and_then(|()| tls.flush()),
        }
    }

    /// Waits for the next response.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|error| panic!("{error} in place of an answer"))
    }

    /// Waits for the next response, or for the end of the connection.
    pub(crate) fn try_answer(&mut self) -> io::Result<Answer> {
        loop {
            if let Some(answer) = self.take_answer() {
                return Ok(answer);
            }
            match self.read_more() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => drop(read?),
            }
        }
    }

    pub(crate) fn ask(&mut self, request: &[u8]) -> Answer {
        self.send(request);
        self.answer()
    }

    fn take_answer(&mut self) -> Option<Answer> {
        let head_length = self.read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(self.read[..head_length].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let end = head_length + length.map_or(0, |length| length.parse::<usize>().unwrap());
        let body = self.read.get(head_length..end)?.to_vec();
        self.read.drain(..end);
        Some(Answer { status, head, body })
    }

    fn read_more(&mut self) -> io::Result<usize> {
        self.read_some(16 * 1024)
    }

    /// Reads at most `most` bytes into the buffer of responses.
    pub(crate) fn read_some(&mut self, most: usize) -> io::Result<usize> {
        let mut buffer = vec![0; most];
        let count = match &mut self.stream {
            Stream::Plain(tcp) => tcp.read(&mut buffer),
            Stream::Tls(tls) => tls.read(&mut buffer),
        }?;
        self.read.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    /// Returns the bytes that were read and are no part of a response so far.
    pub(crate) fn take_read(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.read)
    }

    /// Waits until the server ends the connection, in any way. Returns the bytes that it sent before.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        loop {
            match self.read_more() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the connection does not end");
                }
                Err(_) => break,
            }
        }
        self.take_read()
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref(),
        }
    }

    /// Returns the state of the TLS connection.
    pub(crate) fn session(&self) -> &ClientConnection {
        match &self.stream {
            Stream::Plain(_) => panic!("no TLS here"),
            Stream::Tls(tls) => &tls.conn,
        }
    }

    /// Shuts down its own side of the socket only.
    pub(crate) fn half_close(&self) {
        self.tcp().shutdown(Shutdown::Write).unwrap();
    }

    /// Ends its own side of TLS only.
    pub(crate) fn say_goodbye(&mut self) {
        let Stream::Tls(tls) = &mut self.stream else { panic!("no TLS here") };
        tls.conn.send_close_notify();
        tls.flush().unwrap();
    }

    /// Disconnects like a client whose process was killed while data was on its way to it.
    pub(crate) fn reset(self) {
        SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// Returns the content of the first element with this name.
pub(crate) fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name}: {text}"));
    rest.split_once(&format!("</{name}>")).unwrap().0
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: mmcos.codemasters.com\r\n\r\n").into_bytes()
}

pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    post_with(path, "content-type: application/xml\r\n", body.as_bytes())
}

pub(crate) fn post_with(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: mmcos.codemasters.com\r\n{fields}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}
