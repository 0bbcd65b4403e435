//! Plays scenarios over sockets, in real time.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mmcos_core::{
    testing::{Message, Mismatch, Piece, Scenario, Step},
    wire::steam::{AppId, SIGNATURE_LEN, SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};

use super::client::Client;

/// Time for which the official server held a lone search. The waits of fixtures are for this one.
const OFFICIAL_POLL: Duration = Duration::from_secs(25);

/// Time for a response beyond that of a poll.
const GRACE: Duration = Duration::from_secs(10);

/// A server to be examined, and the players that examine it.
pub(super) struct Suite<F> {
    open: F,
    poll: Duration,
    /// Account of `player 0`. Each suite has accounts of its own, so the players are new to the server.
    accounts: u64,
}

impl<F: Fn() -> io::Result<Client>> Suite<F> {
    /// Creates a suite for the server that `open` connects to, which holds a lone search for the time `poll`.
    pub(super) fn new(open: F, poll: Duration) -> Self {
        static SUITES: AtomicU64 = AtomicU64::new(0);
        // A hundred accounts for each second, and each suite of this process. They repeat after 497 days.
        let hundreds = since_1970().as_secs() + SUITES.fetch_add(1, Ordering::Relaxed);
        Self { open, poll, accounts: 0x0110_0001_0000_0000 + hundreds * 100 % (1 << 32) }
    }

    /// Plays a fixture.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn play(&self, fixture: &str) -> Result<(), Mismatch> {
        let mut play =
            Play { suite: self, clients: BTreeMap::new(), current: String::new(), values: BTreeMap::new() };
        play.steps(&Scenario::parse(fixture))
    }

    fn account(&self, number: &str) -> Option<u64> {
        Some(self.accounts + number.parse::<u64>().ok()?)
    }
}

struct Play<'s, F> {
    suite: &'s Suite<F>,
    clients: BTreeMap<String, Client>,
    current: String,
    values: BTreeMap<String, Vec<u8>>,
}

impl<F: Fn() -> io::Result<Client>> Play<'_, F> {
    fn steps(&mut self, scenario: &Scenario) -> Result<(), Mismatch> {
        for (line, step) in scenario.steps() {
            self.step(step).map_err(|mismatch| match mismatch.line {
                0 => Mismatch { line, ..mismatch },
                _ => mismatch,
            })?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Mismatch> {
        match step {
            Step::Given { name, argument } => self.log_in(name, argument),
            Step::Client(name) => {
                self.current.clone_from(name);
                Ok(())
            }
            Step::Send(message) => self.send(message),
            Step::Read(message) => self.read(message),
            Step::Held => self.held(),
            Step::Wait(time) => {
                thread::sleep(time.mul_f64(self.suite.poll.div_duration_f64(OFFICIAL_POLL)));
                Ok(())
            }
            Step::Config { .. } | Step::Uncommitted | Step::Commit | Step::Crash => {
                Err(differs("a step for any server", "one for a server within the test"))
            }
        }
    }

    /// Logs in `player NUMBER`, with a ticket that Steam did not sign.
    fn log_in(&mut self, name: &str, player: &str) -> Result<(), Mismatch> {
        let login = format!(
            "> POST /MMCOS/MMCOS-Account/AccountService.svc/Login HTTP/1.1\n> Host: mmcos.codemasters.com\n\
             > Content-Type: application/xml\n> Content-Length: {{{{length}}}}\n>\n\
             > <Login><ProtocolVersion>1</ProtocolVersion><PlatformType>Steam</PlatformType>\
             <PlatformID>{{{{ticket of {player}}}}}</PlatformID><DisplayName>{name}</DisplayName>\
             <DefaultTitle>lng_player_title_default</DefaultTitle><ExtraSeason>1</ExtraSeason></Login>\n\
             \n< HTTP/1.1 200 {{{{…}}}}\n<\n\
             < {{{{…}}}}<SessionToken>{{{{{name}}}}}</SessionToken>{{{{…}}}}</LoginDetails>\n"
        );
        self.steps(&Scenario::parse(&login)).map_err(|mismatch| Mismatch { line: 0, ..mismatch })
    }

    /// Sends a request on a new connection, as the game does.
    fn send(&mut self, message: &Message) -> Result<(), Mismatch> {
        let bytes = message.bytes(|name| self.value(name))?;
        let mut client = (self.suite.open)().map_err(|error| differs("a connection", &error.to_string()))?;
        client.try_send(&bytes).map_err(|error| differs("a server that reads", &error.to_string()))?;
        self.clients.insert(self.current.clone(), client);
        Ok(())
    }

    fn held(&mut self) -> Result<(), Mismatch> {
        let client = self.clients.get_mut(&self.current).expect("a client that has sent a request");
        let read = read_within(client, Duration::from_millis(1));
        match read {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
            Err(error) => Err(differs("no response yet", &error.to_string())),
            Ok(_) => Err(differs("no response yet", &String::from_utf8_lossy(&client.take_read()))),
        }
    }

    fn read(&mut self, message: &Message) -> Result<(), Mismatch> {
        let client = self.clients.get_mut(&self.current).expect("a client that has sent a request");
        let response = Response::read(client, self.suite.poll + GRACE)?;
        let bytes = response.as_expected(message)?;
        let (found, len) = message.compare(&bytes, |name| self.value(name))?;
        if len < bytes.len() {
            return Err(differs("the end of the response", &String::from_utf8_lossy(&bytes[len..])));
        }
        self.values.extend(found);
        Ok(())
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        if let Some(number) = name.strip_prefix("id of player ") {
            return Some(self.suite.account(number)?.to_string().into_bytes());
        }
        if let Some(number) = name.strip_prefix("ticket of player ") {
            let issued = UnixSeconds(u32::try_from(since_1970().as_secs()).ok()?);
            let steam_id = SteamId::new(self.suite.account(number)?);
            let ticket =
                TicketBuilder::new(steam_id, AppId(535_850), issued).build(|_| [0; SIGNATURE_LEN]).ok()?;
            return Some(encode_platform_id(&ticket).into_bytes());
        }
        self.values.get(name).cloned()
    }
}

struct Response {
    status: String,
    /// Names and values.
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    /// Waits for a whole response.
    fn read(client: &mut Client, patience: Duration) -> Result<Self, Mismatch> {
        let mut bytes = client.take_read();
        loop {
            let ended = match read_within(client, patience) {
                Ok(count) => count == 0,
                Err(error) if error.kind() == ErrorKind::Interrupted => false,
                // Some servers end without the goodbye of TLS.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
                Err(error) => {
                    return Err(differs("a response", &format!("{error}, after {} bytes", bytes.len())));
                }
            };
            bytes.extend(client.take_read());
            if let Some(response) = Self::parse(&bytes, ended)? {
                return Ok(response);
            }
            if ended {
                return Err(differs("a response", &String::from_utf8_lossy(&bytes)));
            }
        }
    }

    /// Parses a response if it is whole. Without a `Content-Length` it is when the connection ended.
    fn parse(bytes: &[u8], ended: bool) -> Result<Option<Self>, Mismatch> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap_or_default().to_owned();
        let fields: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let body = &bytes[end + 4..];
        let response = Self { status, fields, body: body.to_vec() };
        match response.field("Content-Length").map(str::parse::<usize>) {
            None => Ok(Some(response).filter(|_| ended)),
            Some(Ok(length)) if body.len() < length => Ok(None),
            Some(Ok(length)) if body.len() == length => Ok(Some(response)),
            Some(Ok(_)) => Err(differs("nothing after the response", &String::from_utf8_lossy(bytes))),
            Some(Err(_)) => Err(differs("a number in Content-Length", &head)),
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.as_str())
    }

    /// Returns the response with the fields that the fixture names, in its order: HTTP leaves order and spelling open.
    /// So does XML a blank before `/>`.
    fn as_expected(&self, message: &Message) -> Result<Vec<u8>, Mismatch> {
        let body = match str::from_utf8(&self.body) {
            Ok(text) => text.replace(" />", "/>").into_bytes(),
            Err(_) => self.body.clone(),
        };
        let mut head = format!("{}\r\n", self.status);
        for line in message.head.chunk_by(|(one, _), (next, _)| one == next).skip(1) {
            let (number, piece) = &line[0];
            let Piece::Bytes(text) = piece else {
                head += "Others: left out\r\n";
                continue;
            };
            let text = String::from_utf8_lossy(text);
            let Some((name, _)) = text.split_once(':') else {
                head += "\r\n";
                continue;
            };
            let value = self.field(name).ok_or_else(|| Mismatch {
                line: *number,
                expected: format!("a field {name}"),
                read: format!("{}, {:?}", self.status, self.fields),
            })?;
            let shorter = self.body.len() != body.len() && name == "Content-Length";
            let value = if shorter { body.len().to_string() } else { value.to_owned() };
            head.extend([name, ": ", &value, "\r\n"]);
        }
        Ok([head.into_bytes(), body].concat())
    }
}

fn read_within(client: &mut Client, time: Duration) -> io::Result<usize> {
    client.tcp().set_read_timeout(Some(time))?;
    client.read_some(16 * 1024)
}

fn differs(expected: &str, read: &str) -> Mismatch {
    Mismatch { line: 0, expected: expected.to_owned(), read: read.to_owned() }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
