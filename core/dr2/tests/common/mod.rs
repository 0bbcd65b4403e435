//! A game that talks to the server through the seam, and the shapes of both sides' messages.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test: a panic is its failure")]

use std::fmt::Write as _;

use dr2::{Dr2, Settings};
use mmcos_core::{
    engine::Limits,
    game::{Game as _, Life},
    settings::Settings as _,
    testing::Rig,
    wire::egonet::{self, Dict, Value},
};

pub(crate) type Server = Rig<Dr2>;

pub(crate) fn server(settings: &Settings) -> Server {
    served(game(settings))
}

pub(crate) fn served(game: Dr2) -> Server {
    Rig::new(game, Limits::default())
}

pub(crate) fn game(settings: &Settings) -> Dr2 {
    Dr2::new(settings, &Life::default()).unwrap()
}

/// Returns settings with one club of two rallies: three stages of group A in New England for a week, then one of R5
/// in Finland for a week.
pub(crate) fn settings() -> Settings {
    let clubs = r#"[{ "id": 7, "name": "Gravel", "rallies": [
        { "name": "First", "stages": [626, 627, 628] },
        { "name": "Second", "class": "r5", "stages": [505], "assists": false }
    ]}]"#;
    set(&[("clubs", clubs)])
}

pub(crate) fn set(given: &[(&str, &str)]) -> Settings {
    Settings::parse(|key| given.iter().find(|(name, _)| *name == key.name()).map(|(_, text)| *text)).unwrap()
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn result(&self) -> &str {
        self.field("X-EgoNet-Result").unwrap_or("none")
    }

    pub(crate) fn value(&self) -> Value<'_> {
        assert_eq!((self.status, self.result()), (200, "0"), "{}", self.head);
        egonet::decode(&self.body, &egonet::Limits::default()).unwrap()
    }

    pub(crate) fn shape(&self) -> String {
        shape(&self.value())
    }
}

/// A way to the server: through the seam, or over a socket.
pub(crate) trait Transport {
    /// Sends a request on a connection of its own and returns the response.
    fn exchange(&mut self, request: &[u8]) -> Vec<u8>;
}

impl Transport for Server {
    fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        let conn = self.open();
        self.send(conn, request);
        let response = self.read_bytes(conn);
        self.leave(conn);
        response
    }
}

/// Posts bytes as the game does.
pub(crate) fn post(rig: &mut impl Transport, function: &str, session: Option<&str>, body: &[u8]) -> Response {
    let mut request = format!(
        "POST /RP17/1.18.0/STEAM/ HTTP/1.1\r\nHost: prod.egonet.codemasters.com\r\n\
         Content-Type: application/egonet-stream\r\nX-EgoNet-Function: {function}\r\n"
    );
    if let Some(session) = session {
        write!(request, "X-EgoNet-SessionID: {session}\r\n").unwrap();
    }
    write!(
        request,
        "X-EgoNet-Game-Version: 1309032\r\nUser-Agent: Codemasters-Egonet\r\nConnection: Keep-Alive\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    response(&rig.exchange(&[request.as_bytes(), body].concat()))
}

pub(crate) fn response(bytes: &[u8]) -> Response {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a response") + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head[9..12].parse().unwrap();
    Response { status, head, body: bytes[end..].to_vec() }
}

pub(crate) fn encoded(dict: &Dict<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    egonet::encode(&dict.clone().into(), &mut bytes).unwrap();
    bytes
}

/// A game that is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Game {
    pub(crate) name: String,
    pub(crate) account: i64,
    pub(crate) session: String,
}

impl Game {
    pub(crate) fn log_in(rig: &mut impl Transport, name: &str) -> Self {
        let response = post(rig, "Login.Login", None, &encoded(&login(name)));
        let session = response.field("X-EgoNet-SessionID").unwrap().to_owned();
        assert!(session.len() == 32 && session.bytes().all(|byte| byte.is_ascii_hexdigit()), "{session}");
        let account = response.value().field("AccountId").unwrap();
        Self { name: name.into(), account, session }
    }

    pub(crate) fn call(&self, rig: &mut impl Transport, function: &str, body: &Dict<'_>) -> Response {
        post(rig, function, Some(&self.session), &encoded(body))
    }

    /// Drives a stage as the game does, with the leaderboards in between; returns the response to `StageComplete`.
    pub(crate) fn drive(
        &self,
        rig: &mut impl Transport,
        challenge: i32,
        stage: i32,
        seconds: f32,
    ) -> Response {
        let begun = self.begin(rig, challenge, stage);
        assert_eq!(begun.value().field("Progress/State"), Ok(1_i32));
        self.complete(rig, challenge, stage, seconds)
    }

    pub(crate) fn begin(&self, rig: &mut impl Transport, challenge: i32, stage: i32) -> Response {
        self.call(rig, "RaceNetChallenges.StageBegin", &stage_begin(challenge, stage))
    }

    pub(crate) fn complete(
        &self,
        rig: &mut impl Transport,
        challenge: i32,
        stage: i32,
        seconds: f32,
    ) -> Response {
        self.call(rig, "RaceNetChallenges.StageComplete", &stage_complete(challenge, stage, seconds))
    }

    pub(crate) fn entries(
        &self,
        rig: &mut impl Transport,
        board: i64,
        best: i64,
        cumulative: bool,
    ) -> Response {
        self.call(rig, "RaceNetLeaderboard.GetLeaderboardEntries", &entries(board, best, cumulative))
    }

    pub(crate) fn post_time(&self, rig: &mut impl Transport, track: u32, seconds: f32) -> Response {
        self.call(rig, "TimeTrial.PostTime", &post_time(track, seconds))
    }

    /// Returns the leaderboard of a time trial.
    pub(crate) fn trial(&self, rig: &mut impl Transport, class: u32, track: u32) -> i64 {
        self.call(rig, "TimeTrial.GetLeaderboardId", &trial(class, track))
            .value()
            .field("LeaderboardId")
            .unwrap()
    }

    /// Returns the names, ranks and times of a leaderboard, and the own rank.
    pub(crate) fn board(&self, rig: &mut impl Transport, board: i64) -> (Vec<(String, i32, i64)>, i32) {
        rows(&self.entries(rig, board, 0, false))
    }

    /// Returns the challenge that the first club shows.
    pub(crate) fn challenge(&self, rig: &mut impl Transport) -> i32 {
        let clubs = self.call(rig, "Clubs.GetClubs", &get_clubs());
        clubs.value().field("Challenges/0/ChallengeID").unwrap()
    }
}

/// Replaces the value of a field.
pub(crate) fn put(request: &mut Dict<'_>, name: &str, value: &Value<'static>) {
    request.0.iter_mut().filter(|(own, _)| own == name).for_each(|(_, old)| *old = value.clone());
}

pub(crate) fn rows(response: &Response) -> (Vec<(String, i32, i64)>, i32) {
    let value = response.value();
    let rows: Vec<&Value<'_>> = value.field("Entries").unwrap();
    let row = |row: &&Value<'_>| {
        let name: &str = row.field("Presence/Name").unwrap();
        (name.to_owned(), row.field("Rank").unwrap(), row.field("PersonalBest").unwrap())
    };
    (rows.iter().map(row).collect(), value.field("PlayerRank").unwrap())
}

// Requests of the game. Values are made up; names, order and types are those of its recorded requests.

pub(crate) fn login(name: &str) -> Dict<'_> {
    Dict::new().dstr("Name", name).blob("SteamTicket", vec![0xa5; 512])
}

pub(crate) fn get_clubs() -> Dict<'static> {
    Dict::new().si32("ClubLimit", 40).bool("InclCrossPlat", true)
}

/// Returns a set-up of 142 bytes, as long as a real one.
pub(crate) fn setup() -> Vec<u8> {
    let mut setup = vec![1, 0, 0, 0, 16, 0, 0, 0, 222, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x9c];
    setup.resize(142, 0x5a);
    setup
}

pub(crate) fn stage_begin(challenge: i32, stage: i32) -> Dict<'static> {
    Dict::new()
        .ui32("VehicleId", 382)
        .si64("VehicleInstId", -4)
        .ui32("LiveryId", 11)
        .si32("StageIndex", stage)
        .si32("EventIndex", 0)
        .blob("TuningSetup", setup())
        .si32("ChallengeId", challenge)
        .ui32("NationalityId", 3)
        .ui32("TyresRemaining", 2)
        .ui32("TyreCompound", 5)
}

pub(crate) fn mud() -> Dict<'static> {
    let places = [
        "Dirt",
        "WheelMud0",
        "WheelMud1",
        "WheelMud2",
        "WheelMud3",
        "Mud",
        "CleanHeight",
        "CleanDirt",
        "CleanMud",
    ];
    (0_u8..).zip(places).fold(Dict::new(), |dict, (at, place)| dict.fp32(place, f32::from(at) / 16.0))
}

/// Returns damage in the order of requests.
pub(crate) fn damage() -> Dict<'static> {
    Dict::new()
        .ui16("QuickRepairs", 1)
        .ui32("Bodywork", 2)
        .ui32("Brakes", 3)
        .fp32("Clutch", 0.25)
        .ui32("Dampers", 4)
        .ui32("DiffWear", 5)
        .ui32("DiffImpact", 6)
        .fp32("Engine", 0.5)
        .fp32("Exhaust", 0.125)
        .ui32("Gearbox", 7)
        .fp32("Lights", 1.0)
        .fp32("Radiator", 0.75)
        .ui32("Springs", 8)
        .ui32("Turbo", 9)
        .ui32("WheelsWear", 0x0102_0304)
        .ui32("WheelsImpact", 10)
}

pub(crate) fn ghost() -> Vec<u8> {
    let mut ghost = vec![0, 1, 1, 0, 0, 0, 0, 0, 0x78, 0x9c];
    ghost.resize(44_549, 0x33);
    ghost
}

pub(crate) fn stage_complete(challenge: i32, stage: i32, seconds: f32) -> Dict<'static> {
    Dict::new()
        .ui32("VehicleId", 382)
        .si64("VehicleInstId", -4)
        .vdic("VehicleMud", mud())
        .bool("RecovToService", false)
        .vdic("CompDamage", damage())
        .ui32("LiveryId", 11)
        .si32("StageIndex", stage)
        .si32("EventIndex", 0)
        .si32("DistanceDriven", 6000)
        .bool("UsingWheel", true)
        .si32("ChallengeId", challenge)
        .ui32("NationalityId", 3)
        .fp32("StageTime", seconds)
        .si32("ChampRank", 1)
        .si32("EventRank", 0)
        .si32("MetersDriven", 6000)
        .bool("UsingAssists", false)
        .blob("GhostData", ghost())
        .si32("RaceStatus", 0)
}

pub(crate) fn entries(board: i64, best: i64, cumulative: bool) -> Dict<'static> {
    Dict::new()
        .si32("Limit", 50)
        .bool("UseRaceNetNames", true)
        .si64("PlayerBest", best)
        .si32("FilterFlags", 4)
        .bool("SinglePlatform", false)
        .si32("StartRank", 0)
        .si64("LeaderboardId", board)
        .si64("PlayerCumulBest", best)
        .bool("SortCumulative", cumulative)
}

pub(crate) fn standings(club: i64) -> Dict<'static> {
    Dict::new().si32("Limit", 50).si64("ClubId", club).si32("StartRank", 0)
}

pub(crate) fn trial(class: u32, track: u32) -> Dict<'static> {
    Dict::new()
        .ui32("VehicleClassId", class)
        .ui32("TrackModelId", track)
        .ui32("ConditionsId", 1)
        .si32("Category", 1)
}

pub(crate) fn post_time(track: u32, seconds: f32) -> Dict<'static> {
    Dict::new()
        .ui32("VehicleId", 382)
        .ui32("LiveryId", 11)
        .ui32("TrackModelId", track)
        .bool("UsingWheel", true)
        .ui32("NationalityId", 3)
        .fp32("StageTime", seconds)
        .ui32("ConditionsId", 1)
        .bool("UsingAssists", false)
        .blob("GhostData", ghost())
        .si32("Category", 1)
}

/// Returns names, types and order of a value: `{AccountId: si64, Rows: [{Rank: si32}]}`. All values of a list must have
/// one shape.
pub(crate) fn shape(value: &Value<'_>) -> String {
    if let Some(dict) = value.as_dict() {
        let fields: Vec<_> = dict.0.iter().map(|(name, value)| format!("{name}: {}", shape(value))).collect();
        return format!("{{{}}}", fields.join(", "));
    }
    let Some(values) = value.as_list() else { return value.tag().into() };
    let mut shapes: Vec<_> = values.iter().map(shape).collect();
    shapes.dedup();
    assert!(shapes.len() <= 1, "values of a list differ: {shapes:#?}");
    format!("[{}]", shapes.concat())
}
