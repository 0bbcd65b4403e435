//! Writes the seeds of the fuzz targets that can be built. A fuzzer starts from them, and every test replays them.
//!
//! ```text
//! cargo run -p mmcos-fuzz --example write_seeds
//! ```
#![expect(clippy::expect_used, reason = "a tool that stops at its first mistake")]

use std::{fs, io, path::Path};

use mmcos_core::wire::{
    egonet::{self, Dict, Fp32, Fp64, UnixTime, Value},
    steam::{SteamId, TicketBuilder, UnixSeconds, encode_platform_id},
};
use mmcos_fuzz::client::services::SERVICES;
use mmcos_game::{Mmcos, identity::APP};
use mmcos_std::config::Sources;

type Seeds = Vec<(String, Vec<u8>)>;

fn main() -> io::Result<()> {
    let targets: [(&str, Seeds); 8] = [
        ("configuration_file", configurations()),
        ("connections", connections()),
        ("egonet_value", egonet_values()),
        ("http_decoder", streams()),
        ("service_request", service_requests()),
        ("session_token", session_tokens()),
        ("steam_ticket", steam_tickets()),
        ("xml_document", documents()),
    ];
    for (target, seeds) in targets {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        fs::create_dir_all(&directory)?;
        for (name, bytes) in seeds {
            fs::write(directory.join(name), bytes)?;
        }
    }
    Ok(())
}

fn named<const N: usize>(seeds: [(&str, &[u8]); N]) -> Seeds {
    seeds.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into()
}

fn configurations() -> Seeds {
    let all = Sources::default().load::<Mmcos>().expect("the defaults are a configuration").to_string();
    let mut seeds = named([
        ("empty", b""),
        ("kinds", b"poll-seconds = 2.5\nai = false\nbucket = 'rule-set'\nmax-connections = 0x10\nrace-cap=4 # few\n"),
        ("text", b"message = \"\"\"\na \\u00e9 \\\" \\\\ \\t\n\"\"\"\n"),
        ("no_such_key", b"\n\npol-seconds = 3\n"),
        ("no_such_value", b"log = 'info'\nidentity = 'maybe'\n"),
        ("table", b"[poll-seconds]\nx = 1\n"),
        ("not_toml", b"message = \"\n"),
        ("not_text", b"message = \"\xff\"\n"),
    ]);
    seeds.push(("all".to_owned(), all.into_bytes()));
    seeds
}

/// Returns an event of [`connections`]: its kind, its connection, and the length of the pieces.
const fn event(kind: u8, place: u8, piece: u8) -> u8 {
    place | kind << 2 | piece << 5
}

fn connections() -> Seeds {
    let [raw, whole, changed, cut, wait, close] = [0, 1, 3, 4, 5, 7];
    let each: Vec<u8> = (0..34).flat_map(|number| [event(whole, 0, 6), number]).collect();
    let separate: Vec<u8> =
        (0..16).flat_map(|number| [event(whole, 1, 2), number, event(close, 1, 0)]).collect();
    let mut seeds = named([
        ("held_and_closed", &[event(whole, 0, 3), 2, event(wait, 0, 0), 9, event(close, 0, 0)]),
        ("held_and_behind_it", &[event(whole, 2, 3), 2, event(whole, 2, 3), 6, event(wait, 0, 0), 120]),
        ("shutdown_while_held", &[event(whole, 0, 3), 2, event(whole, 1, 0), 19]),
        ("two_meet", &[event(whole, 0, 3), 2, event(whole, 1, 0), 19, event(wait, 0, 0), 50]),
        (
            "slow_head",
            &[event(raw, 0, 1), b'G', b'E', b'T', b' ', b'/', b' ', b'H', b'T', event(wait, 0, 0), 30],
        ),
        ("slow_body", &[event(cut, 0, 1), 5, 44, 1, event(wait, 0, 0), 90]),
        ("idle", &[event(whole, 0, 1), 13, event(wait, 0, 0), 130]),
        ("not_http", &[event(raw, 0, 1), 22, 3, 1, 2, 0, 1, 0, b'\n']),
        ("through_a_proxy", &[event(whole, 3, 1), 14, event(changed, 3, 1), 31, 0, 80, 0, b'x']),
        ("changed", &[event(changed, 0, 4), 5, 1, 40, 0, b'<', 60, 1, 0, event(whole, 0, 0), 7]),
    ]);
    seeds.push(("all_requests".to_owned(), each));
    seeds.push(("all_requests_apart".to_owned(), separate));
    seeds
}

fn egonet_values() -> Seeds {
    let scalars = vec![
        Value::I8(-1),
        Value::U8(1),
        Value::I16(-2),
        Value::U16(2),
        Value::I32(-3),
        Value::U32(3),
        Value::I64(-4),
        Value::U64(4),
        Value::Bool(true),
        Value::F32(Fp32::from(1.5)),
        Value::F64(Fp64::from(2.5)),
        Value::Time(UnixTime(2_299_017_600)),
        Value::Uuid([7; 16]),
        Value::Text("Ann".into()),
        Value::Blob([0xde, 0xad].as_slice().into()),
    ];
    let nested = (0..15).fold(Value::List(vec![]), |inner, _| Dict::new().with("Name", inner).into());
    let mut seeds: Seeds = [("scalars", Value::List(scalars)), ("nested", nested)]
        .map(|(name, value)| {
            let mut bytes = Vec::new();
            egonet::encode(&value, &mut bytes).expect("it is short enough");
            (name.to_owned(), bytes)
        })
        .into();
    seeds.extend(named([
        ("huge_count", b"vvtr\xff\xff\xff\xff"),
        ("huge_length", b"dstr\xff\xff\xff\x7fabc"),
        ("not_text", b"dstr\x02\0\0\0\xff\xfe"),
        ("cut", b"vdic\x02\0\0\0\x04Name"),
    ]));
    let egonet = SERVICES.iter().filter(|service| service.is_egonet());
    seeds.extend(egonet.map(|service| ("login".to_owned(), service.sample.to_vec())));
    seeds
}

/// Streams, each for wide limits and for tight ones.
fn streams() -> Seeds {
    let mut streams = named([
        ("get", b"GET /MMCOS-ServerStatus/ServerStatus.xml?a=b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("absolute", b"GET http://a.example/b?c HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("old", b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
        (
            "ahead",
            b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcPUT /b HTTP/1.1\r\nhost:b\r\n\r\n",
        ),
        (
            "chunked",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
              3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
        ),
        ("continue", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"),
        (
            "both",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("negative", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        ("huge", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        ("fields", b"GET / HTTP/1.1\r\nHost: a\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5\r\n\r\n"),
        ("folded", b"GET / HTTP/1.1\r\nHost: a\r\nb: c\r\n d\r\n\r\n"),
        ("bare_line_feed", b"GET / HTTP/1.1\nHost: a\n\n"),
        ("tls", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n"),
    ]);
    for service in &SERVICES[..2] {
        streams.push((service.name.to_lowercase(), service.request(service.sample)));
    }
    let with_limits = |limits: u8, suffix: &'static str| {
        let seed = move |(name, stream): &(String, Vec<u8>)| {
            (format!("{name}_{suffix}"), [&[limits, 6], stream.as_slice()].concat())
        };
        streams.iter().map(seed).collect::<Seeds>()
    };
    [with_limits(0, "wide"), with_limits(1, "tight")].concat()
}

fn service_requests() -> Seeds {
    let seed = |(number, service): (u8, &mmcos_fuzz::client::services::Service)| {
        (service.name.to_lowercase(), [&[number], service.sample].concat())
    };
    (0..).zip(&SERVICES).map(seed).collect()
}

fn session_tokens() -> Seeds {
    let issued: [u8; 8] = 1_700_000_000_000_i64.to_be_bytes();
    let who = [&[0, 0, 0, 7, 0, 0, 0, 0], 76_561_202_255_230_001_u64.to_be_bytes().as_slice()].concat();
    let script = |age_millis: i64, rest: &[u8]| {
        [who.as_slice(), &issued, &(age_millis << 24).to_be_bytes(), rest].concat()
    };
    let seeds: [(&str, Vec<u8>); 7] = [
        ("fresh", script(1000, &[0, 0])),
        ("last_moment", script(86_399_999, &[0, 0])),
        ("expired", script(86_400_000, &[0, 0])),
        ("from_the_future", script(-60_001, &[0, 0])),
        ("changed", script(1000, &[2, 5, b'A', 71, b'=', 0])),
        ("cut", script(1000, &[0, 40])),
        ("a_text", script(1000, b"\0\0AQcAAAA=")),
    ];
    seeds.map(|(name, bytes)| (name.to_owned(), bytes)).into()
}

fn steam_tickets() -> Seeds {
    let mut seeds = named([
        ("signed", b"{Ticket}^^^^true"),
        ("unchanged", &[0, 0, 0, 0]),
        ("another_user", &[0, 1, 12, 0, 1, 0, 0]),
        ("another_app", &[0, 1, 72, 0, 1, 0, 0]),
        ("cut", &[0, 0, 100, 0]),
        ("longer", &[0, 0, 0, 0, 1]),
        ("odd", b"{Ticket}0^^^^true"),
        ("no_fields", b"{Ticket}"),
        ("no_boolean", b"{Ticket}^^^^maybe"),
    ]);
    let builder = TicketBuilder::new(SteamId::new(76_561_202_255_230_002), APP, UnixSeconds(1_700_000_000));
    let unsigned = builder.build(|_| [0; 128]).expect("a short ticket can be written");
    seeds.push(("unsigned".to_owned(), encode_platform_id(&unsigned).into_bytes()));
    seeds
}

fn documents() -> Seeds {
    let mut seeds = named([
        ("declared", b"<?xml version=\"1.0\" encoding='utf-8'?>\r\n<a><!-- b --><c> d </c></a>\n"),
        ("references", b"<a><b>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;</b></a>"),
        ("cdata", b"<a><b>x<![CDATA[<&]]>]]y</b></a>"),
        ("nil", b"<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><b i:nil='true'/><i:c i:nil='true'>d</i:c></a>"),
        ("line_ends", b"<a>x\r\ny\rz&#13;</a>"),
        ("deep", b"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>"),
        ("entity_bomb", b"<!DOCTYPE a [<!ENTITY b 'cc'><!ENTITY d '&b;&b;'>]><a>&d;</a>"),
        ("other_encoding", b"<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>"),
        ("utf_16", b"\xff\xfe<\0a\0/\0>\0"),
        ("mark", b"\xef\xbb\xbf<a/>"),
    ]);
    let xml = SERVICES.iter().filter(|service| !service.is_egonet());
    seeds.extend(xml.map(|service| (service.name.to_lowercase(), service.sample.to_vec())));
    seeds
}
