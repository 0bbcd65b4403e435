//! No XML body that fits the limit of a request takes long or much memory, accepted or rejected. A file of its own,
//! so that no other test takes memory at the same time.
#![allow(clippy::arithmetic_side_effects, reason = "tests may panic")]

use std::{
    borrow::Cow,
    fs,
    time::{Duration, Instant},
};

use mmcos_core::{
    engine,
    wire::xml::{Limits, from_bytes},
};
use serde::{Deserialize, de::IgnoredAny};

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "b", default)]
    _items: Vec<IgnoredAny>,
}

/// Returns the peak of this process's memory so far, in kB; 0 where there is no Linux to report it.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[test]
fn no_body_takes_long_or_much_memory() {
    let most = engine::Limits::default().http.body;
    // Start, a piece that fills the body (`%` is its number), end, and whether it is read.
    let bodies = [
        ("", "<a>", "", false),
        ("<a>", "</a>", "", false),
        ("<a>", "<b/>", "</a>", false),
        ("<a>", "<b></b>", "</a>", false),
        ("<a ", " b%=''", "/>", false),
        ("<a ", " xmlns:b%='c'", "/>", false),
        ("<a>", "<b c='' d='' e='' xmlns:f='g' xmlns:h='i'/>", "</a>", true),
        ("<a", "b", "/>", false),
        ("<a><", "b", "/></a>", true),
        ("<a>", "<b", "", false),
        ("<a>", "&amp;", "</a>", true),
        ("<a>", "&", "</a>", false),
        ("<a>", "&#00065;", "</a>", true),
        ("<a>&#", "0", "65;</a>", true),
        ("<a>", "<![CDATA[b]]>", "</a>", true),
        ("<a>", "<!---->", "</a>", true),
        ("<a><!--", "-", "--></a>", false),
        ("<a>", "\r", "</a>", true),
        ("<a b='", "&lt;", "'/>", true),
        ("<!DOCTYPE a [", "<!ENTITY b% '&b;&b;'>", "]><a/>", false),
        ("<a>", "<?b?>", "</a>", false),
    ];
    let before = peak_memory();
    for (start, piece, end, is_read) in bodies {
        let mut body = start.to_owned();
        for number in 0.. {
            let piece = piece.replace('%', &number.to_string());
            if body.len() + piece.len() + end.len() > most {
                break;
            }
            body += &piece;
        }
        body += end;
        let started = Instant::now();
        // Skipped, as text, and as a list.
        let skipped = from_bytes::<IgnoredAny>(body.as_bytes(), "a", &Limits::default());
        let _ = from_bytes::<Cow<'_, str>>(body.as_bytes(), "a", &Limits::default());
        let _ = from_bytes::<Element>(body.as_bytes(), "a", &Limits::default());
        assert!(started.elapsed() < Duration::from_secs(3), "{start}{piece}: {:?}", started.elapsed());
        assert_eq!(skipped.is_ok(), is_read, "{start}{piece}: {skipped:?}");
    }
    let grown = peak_memory() - before;
    assert!(grown < 8_000, "{grown} kB");
}
