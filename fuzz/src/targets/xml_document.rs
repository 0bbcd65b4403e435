use mmcos_core::wire::xml::{Error, Event, Limits, Reader, Writer};

/// Any bytes as an XML document: it is refused, or can be written and is read the same again. Whoever skips all of it
/// is refused as well or stands at its end.
///
/// # Panics
/// If not.
pub fn xml_document(bytes: &[u8]) {
    let limits = Limits::default();
    let Ok(events) = read(bytes, &limits) else { return };
    let starts = events.iter().filter(|event| matches!(event, Event::Start(_))).count();
    assert!((1..=limits.elements).contains(&starts), "{starts} elements");
    let written = write(&events);
    let again = read(&written, &limits);
    assert_eq!(again.as_deref(), Ok(shown(events).as_slice()), "{:?}", String::from_utf8_lossy(&written));
    let mut skipping = Reader::new(bytes, &limits).expect("it was read before");
    assert!(matches!(skipping.read(), Ok(Some(Event::Start(_)))));
    skipping.skip().expect("it was read before");
    assert_eq!(skipping.read(), Ok(None));
}

fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<Event<'a>>, Error> {
    let mut reader = Reader::new(bytes, limits)?;
    std::iter::from_fn(|| reader.read().transpose()).collect()
}

fn write(events: &[Event<'_>]) -> Vec<u8> {
    let mut xml = Writer::new(Vec::new());
    let mut open = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(tag) if tag.nil && is_empty(events, at) => {
                xml.nil(tag.name);
                open.push(None);
            }
            Event::Start(tag) => {
                xml.open(tag.name);
                open.push(Some(tag.name));
            }
            Event::Text(text) => std::fmt::Write::write_str(&mut xml, text).expect("it goes to memory"),
            Event::End => {
                if let Some(name) = open.pop().expect("what ends was open") {
                    xml.close(name);
                }
            }
        }
    }
    xml.into_bytes()
}

/// Whether the element that starts there ends there.
fn is_empty(events: &[Event<'_>], at: usize) -> bool {
    matches!(events.get(at + 1), Some(Event::End))
}

/// As the writer can write them: nothing that is nil holds anything.
fn shown(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    for at in 0..events.len() {
        let empty = is_empty(&events, at);
        if let Some(Event::Start(tag)) = events.get_mut(at) {
            tag.nil &= empty;
        }
    }
    events
}
