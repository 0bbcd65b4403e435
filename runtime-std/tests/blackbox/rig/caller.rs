//! A client that plays on: one request after the other, on one connection, until the server is gone.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mmcos_core::wire::steam::{AppId, SIGNATURE_LEN, SteamId, TicketBuilder, UnixSeconds};

/// Request for the server's status. It changes nothing.
pub(crate) const STATUS: &[u8] =
    b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: h\r\n\r\n";

/// One player on one connection.
#[derive(Debug)]
pub(crate) struct Caller {
    stream: BufReader<TcpStream>,
    number: u32,
    pub(crate) token: String,
}

impl Caller {
    /// Connects as player `number`. `token` is of an earlier login.
    pub(crate) fn connect(server: SocketAddr, number: u32, token: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream: BufReader::new(stream), number, token: token.to_owned() })
    }

    pub(crate) fn steam_id(&self) -> u64 {
        76_561_202_255_230_000 + u64::from(self.number)
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(request)
    }

    /// Returns true if a response begins to arrive within this time.
    pub(crate) fn hears_within(&mut self, time: Duration) -> bool {
        self.stream.get_ref().set_read_timeout(Some(time)).unwrap();
        let heard = self.stream.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        self.stream.get_ref().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        heard
    }

    /// Returns the body of the next response, whose status must be 200.
    pub(crate) fn read(&mut self) -> io::Result<String> {
        let (mut line, mut length) = (String::new(), 0);
        self.stream.read_line(&mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(value) = line.strip_prefix("Content-Length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(String::from_utf8(body).unwrap())
    }

    fn ask(&mut self, request: &[u8]) -> io::Result<String> {
        self.send(request)?;
        self.read()
    }

    pub(crate) fn login(&mut self) -> io::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let issued = UnixSeconds(u32::try_from(now).unwrap());
        let ticket = TicketBuilder::new(SteamId::new(self.steam_id()), AppId(535_850), issued);
        let ticket = ticket.build(|_| [0; SIGNATURE_LEN]).unwrap();
        let ticket = ticket.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let request = format!(
            "<Login><PlatformID>{ticket}^^^^true</PlatformID><DisplayName>P{}</DisplayName></Login>",
            self.number
        );
        let answer = self.ask(&post("/MMCOS-Account/AccountService.svc/Login", &request))?;
        element(&answer, "SessionToken").clone_into(&mut self.token);
        Ok(answer)
    }

    pub(crate) fn title_request(&self, title: &str) -> Vec<u8> {
        let token = &self.token;
        let request = format!(
            "<UpdateAccountTitle><SessionToken>{token}</SessionToken><Title>{title}</Title></UpdateAccountTitle>"
        );
        post("/MMCOS-Account/AccountService.svc/UpdateAccountTitle", &request)
    }

    pub(crate) fn title(&mut self, title: &str) -> io::Result<String> {
        self.ask(&self.title_request(title))
    }

    /// Requests a match against AI, for each player in a mode of its own. Returns its race key.
    pub(crate) fn search(&mut self) -> io::Result<String> {
        let Self { token, number, .. } = self;
        let request = format!(
            "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>{number}</GroupLobbyId>\
             <GameLobbyId>{number}</GameLobbyId><NetworkVersion>1</NetworkVersion><GameType>Quick{number}</GameType>\
             <GroupSize>1</GroupSize><RuleSet>Race</RuleSet>\
             <IgnoreMinimumMatchRequirements>true</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
        );
        let answer =
            self.ask(&post("/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2", &request))?;
        Ok(element(&answer, "RaceKey").to_owned())
    }

    pub(crate) fn register(&mut self, race_key: &str) -> io::Result<String> {
        let (token, steam_id) = (&self.token, self.steam_id());
        let request = format!(
            "<RegisterActiveGameWithPlayers><SessionToken>{token}</SessionToken><RaceKey>{race_key}</RaceKey>\
             <PlatformIDs>{steam_id}</PlatformIDs></RegisterActiveGameWithPlayers>"
        );
        let path = "/MMCOS-Matchmaking/MatchmakingService.svc/RegisterActiveGameWithPlayers";
        self.ask(&post(path, &request))
    }

    /// Returns the first hundred players.
    pub(crate) fn leaderboard(&mut self) -> io::Result<String> {
        let token = &self.token;
        let request = format!(
            "<GetElite><SessionToken>{token}</SessionToken><StartRank>0</StartRank><NumResults>100</NumResults></GetElite>"
        );
        self.ask(&post("/MMCOS-Leaderboard/LeaderboardService.svc/GetElite", &request))
    }

    /// Sends a result. Returns the player's points after it.
    pub(crate) fn add_points(&mut self, race_key: &str, points: i32) -> io::Result<i32> {
        let token = &self.token;
        let request = format!(
            "<AddPoints><SessionToken>{token}</SessionToken><RaceKey>{race_key}</RaceKey><Points>{points}</Points>\
             <Level>1</Level><Prestige>0</Prestige></AddPoints>"
        );
        let answer =
            self.ask(&post("/MMCOS-GameProgression/GameProgressionService.svc/AddPoints", &request))?;
        Ok(element(&answer, "Points").parse().unwrap())
    }
}

fn post(path: &str, body: &str) -> Vec<u8> {
    format!("POST /MMCOS{path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}

/// Returns the content of an element of a response.
pub(crate) fn element<'a>(answer: &'a str, name: &str) -> &'a str {
    let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_default();
    rest.split('<').next().unwrap_or_default()
}
