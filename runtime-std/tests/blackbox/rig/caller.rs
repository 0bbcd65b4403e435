//! A client that plays on: one request after the other, on one connection, until the server is gone.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::{
    client::{Answer, Client},
    player::{login, request, steam_id},
};

/// Request for the server's status. It changes nothing.
pub(crate) const STATUS: &[u8] =
    b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: h\r\n\r\n";

/// One player on one connection.
pub(crate) struct Caller {
    client: Client,
    number: u32,
    pub(crate) token: String,
}

impl Caller {
    /// Connects as player `number`. `token` is of an earlier login.
    pub(crate) fn connect(server: SocketAddr, number: u32, token: &str) -> io::Result<Self> {
        let tcp = TcpStream::connect(server)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { client: Client::plain_over(tcp), number, token: token.to_owned() })
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.client.try_send(request)
    }

    /// Returns true if a response begins to arrive within this time.
    pub(crate) fn hears_within(&mut self, time: Duration) -> bool {
        self.client.tcp().set_read_timeout(Some(time)).unwrap();
        let heard = self.client.read_some(1).is_ok_and(|count| count > 0);
        self.client.tcp().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        heard
    }

    /// Returns the next response, whose status must be 200. A response that nothing can be saved (503), or that of a
    /// proxy without a server (502 to 504), is an error.
    pub(crate) fn read(&mut self) -> io::Result<Answer> {
        let answer = self.client.try_answer()?;
        if (502..=504).contains(&answer.status) {
            return Err(io::Error::other(answer.text().to_owned()));
        }
        Ok(answer.ok())
    }

    fn ask(&mut self, service: &str, name: &str, fields: &str) -> io::Result<Answer> {
        self.send(&request(&self.token, service, name, fields))?;
        self.read()
    }

    pub(crate) fn login(&mut self) -> io::Result<Answer> {
        self.send(&login(self.number))?;
        let answer = self.read()?;
        answer.element("SessionToken").clone_into(&mut self.token);
        Ok(answer)
    }

    pub(crate) fn title_request(&self, title: &str) -> Vec<u8> {
        request(&self.token, "Account", "UpdateAccountTitle", &format!("<Title>{title}</Title>"))
    }

    pub(crate) fn title(&mut self, title: &str) -> io::Result<Answer> {
        self.send(&self.title_request(title))?;
        self.read()
    }

    /// Requests a match against AI, for each player in a mode of its own. Returns its race key.
    pub(crate) fn search(&mut self) -> io::Result<String> {
        let number = self.number;
        let fields = format!(
            "<GroupLobbyId>{number}</GroupLobbyId><GameLobbyId>{number}</GameLobbyId><NetworkVersion>1</NetworkVersion>\
             <GameType>Quick{number}</GameType><GroupSize>1</GroupSize><RuleSet>Race</RuleSet>\
             <IgnoreMinimumMatchRequirements>true</IgnoreMinimumMatchRequirements>"
        );
        Ok(self.ask("Matchmaking", "EnterMatchmaking2", &fields)?.element("RaceKey").to_owned())
    }

    pub(crate) fn register(&mut self, race_key: &str) -> io::Result<Answer> {
        let players = steam_id(self.number);
        let fields = format!("<RaceKey>{race_key}</RaceKey><PlatformIDs>{players}</PlatformIDs>");
        self.ask("Matchmaking", "RegisterActiveGameWithPlayers", &fields)
    }

    /// Returns the first hundred players.
    pub(crate) fn leaderboard(&mut self) -> io::Result<Answer> {
        self.ask("Leaderboard", "GetElite", "<StartRank>0</StartRank><NumResults>100</NumResults>")
    }

    /// Sends a result. Returns the player's points after it.
    pub(crate) fn add_points(&mut self, race_key: &str, points: i32) -> io::Result<i32> {
        let fields = format!(
            "<RaceKey>{race_key}</RaceKey><Points>{points}</Points><Level>1</Level><Prestige>0</Prestige>"
        );
        Ok(self.ask("GameProgression", "AddPoints", &fields)?.element("Points").parse().unwrap())
    }
}
