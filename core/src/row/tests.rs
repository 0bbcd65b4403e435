use alloc::{boxed::Box, string::ToString, vec, vec::Vec};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// A record of every shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Record {
    Driver(Box<Driver>),
    DriverGone(u64),
    Lap { track: u32, driver: u64, millis: Option<i32>, ghost: Option<Vec<Corner>> },
    LapGone { driver: u64, track: u32 },
    Gone(u32, u64),
    Note { of: String, text: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Driver {
    key: u64,
    name: Name,
    best: Best,
    home: Option<Place>,
    #[serde(default = "seven")]
    added: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Best {
    is_fast: bool,
    metres: f64,
    class: Class,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    street: i16,
    town: Option<Name>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Class {
    A,
    B,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Corner {
    Left,
    Right(u8),
}

fn seven() -> u8 {
    7
}

const DRIVERS: Table = Table {
    record: "Driver",
    name: "drivers",
    columns: &[
        Column::hex("key"),
        Column::text("name"),
        Column::real("metres").of("best.metres"),
        Column::integer("street").of("home.street"),
        Column::integer("fast").of("best.is_fast"),
        Column::text("class").of("best.class"),
        Column::text("town").of("home.town"),
        Column::integer("added"),
    ],
    key: 1,
    removal: Removal::By("DriverGone"),
    ..Table::PLAIN
};
const LAPS: Table = Table {
    record: "Lap",
    name: "laps",
    columns: &[
        Column::integer("track"),
        Column::wide("driver"),
        Column::integer("millis"),
        Column::json("ghost"),
    ],
    key: 2,
    removal: Removal::By("LapGone"),
    restore: Restore::With("tracks"),
    ..Table::PLAIN
};
const TRACKS: Table = Table {
    record: "Note",
    name: "tracks",
    columns: &[Column::text("of"), Column::text("text")],
    key: 1,
    removal: Removal::WithoutValue("text"),
    restore: Restore::Latest,
    ..Table::PLAIN
};

impl Row for Record {
    const SCHEMA: &'static Schema =
        &Schema { name: "test", tables: &[DRIVERS, LAPS, TRACKS], counted: "drivers", ..Schema::EMPTY };
}

fn written(record: &Record) -> (bool, &'static str, Values) {
    match write(record).unwrap() {
        Change::Put(table, values) => (true, table.name, values),
        Change::Remove(table, values) => (false, table.name, values),
    }
}

fn read(record: &Record) -> Record {
    let Change::Put(table, values) = write(record).unwrap() else { panic!("{record:?}") };
    Reader::new(table).read(&values).unwrap()
}

fn driver() -> Driver {
    let home = Some(Place { street: -3, town: None });
    let best = Best { is_fast: true, metres: 0.5, class: Class::B };
    Driver { key: u64::MAX, name: Name("Ann".into()), best, home, added: 9 }
}

#[test]
fn fields_are_in_their_columns() {
    let (is_put, table, values) = written(&Record::Driver(Box::new(driver())));
    assert!(is_put && table == "drivers");
    let text = |text: &'static str| Value::Text(text.into());
    let [integer, one] = [Value::Integer(-3), Value::Integer(1)];
    let expected = [
        text("FFFFFFFFFFFFFFFF"),
        text("Ann"),
        Value::Real(0.5),
        integer,
        one,
        text("B"),
        Value::Null,
        Value::Integer(9),
    ];
    assert_eq!(values, expected);
    let ghost = Some(vec![Corner::Left, Corner::Right(9)]);
    let (_, _, values) = written(&Record::Lap { track: 1, driver: 2, millis: None, ghost });
    assert_eq!(values[2..], [Value::Null, text(r#"["Left",{"Right":9}]"#)]);
}

#[test]
fn a_removal_names_the_key_in_any_form() {
    let key = |numbers: &[i64]| numbers.iter().copied().map(Value::Integer).collect::<Values>();
    assert_eq!(written(&Record::LapGone { driver: 2, track: 1 }), (false, "laps", key(&[1, 2])));
    let hex = Value::Text("000000000000000A".into());
    assert_eq!(written(&Record::DriverGone(10)), (false, "drivers", vec![hex]));
    let note = |text| Record::Note { of: "x".into(), text };
    assert_eq!(written(&note(None)), (false, "tracks", vec![Value::Text("x".into())]));
    assert!(written(&note(Some(String::new()))).0);
}

#[test]
fn a_column_without_a_value_is_what_serde_takes_for_a_missing_field() {
    let row = |values: &[Value<'_>]| Reader::new(&DRIVERS).read::<Record>(values);
    let (_, _, mut values) = written(&Record::Driver(Box::new(driver())));
    values[3] = Value::Null;
    values[7] = Value::Null;
    let Record::Driver(read) = row(&values).unwrap() else { panic!() };
    assert_eq!((read.home, read.added), (None, 7));
    values[1] = Value::Null;
    let error = row(&values).unwrap_err().to_string();
    assert_eq!(error, "the table drivers has an invalid row: missing field `name`");
    values[1] = Value::Text("Ann".into());
    values[0] = Value::Text("Ann".into());
    assert!(row(&values).unwrap_err().to_string().contains("\"Ann\" is no number of 16 hex digits"));
}

#[test]
fn a_record_that_would_lose_something_is_refused() {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    enum Wrong {
        Lap { track: Option<u64>, best: Option<u32>, zone: Zone },
        Other,
    }
    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Zone {
        first: u32,
    }
    const TABLE: Table = Table {
        columns: &[
            Column::integer("track"),
            Column::integer("best"),
            Column::text("second").of("zone.second"),
        ],
        key: 1,
        ..LAPS
    };
    impl Row for Wrong {
        const SCHEMA: &'static Schema = &Schema { tables: &[TABLE], ..*Record::SCHEMA };
    }
    let message = |record: &Wrong| write(record).unwrap_err().to_string();
    let lap = |track| Wrong::Lap { track, best: None, zone: Zone { first: 1 } };
    assert!(message(&lap(Some(1))).starts_with("the table laps has no column for the field zone.first"));
    let large = message(&lap(Some(u64::MAX)));
    assert!(large.contains("the column track of laps cannot hold 18446744073709551615: its kind is Integer"));
    assert!(message(&Wrong::Other).starts_with("no table is for the record Other"));
}

#[test]
fn a_value_that_its_column_cannot_hold_is_refused() {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    enum Odd {
        Note { of: Option<Vec<u32>>, text: f32 },
        Lap { track: u8, driver: u8 },
    }
    const NESTED: Table =
        Table { columns: &[Column::integer("track"), Column::text("name").of("driver.name")], ..LAPS };
    impl Row for Odd {
        const SCHEMA: &'static Schema = &Schema { tables: &[TRACKS, NESTED], ..*Record::SCHEMA };
    }
    let message = |record: &Odd| write(record).unwrap_err().to_string();
    let list = message(&Odd::Note { of: Some(vec![1]), text: 0.5 });
    assert!(list.starts_with("the column of of tracks cannot hold a list: its kind is Text"), "{list}");
    let number = message(&Odd::Note { of: None, text: 0.5 });
    assert!(number.starts_with("the column text of tracks cannot hold 0.5: its kind is Text"), "{number}");
    let outer = message(&Odd::Lap { track: 1, driver: 2 });
    assert!(outer.starts_with("the table laps has no column for the field driver;"), "{outer}");
}

const TWICE: &[Column] = &[Column::text("of"), Column::text("of")];
const SHARED: &[Column] = &[Column::text("of"), Column::text("text"), Column::text("again").of("text")];
const NESTED: &[Column] = &[Column::text("of"), Column::text("inner").of("text.of"), Column::json("text")];
const BESIDE: &[Column] = &[Column::text("of"), Column::text("text"), Column::text("texts")];

const fn history(by: &'static str) -> History {
    History { table: "old", by, columns: &["name"] }
}

#[test]
fn tables_that_do_not_fit_are_found() {
    assert!(
        check::<Record>().is_err_and(|error| error.to_string().contains("no table is for the record Gone"))
    );

    macro_rules! message {
        ($($tables:expr),*) => {{
            #[derive(Clone, Debug, Serialize, Deserialize)]
            enum Three {
                Driver(u8),
                DriverGone(u8),
                Note(u8),
            }
            impl Row for Three {
                const SCHEMA: &'static Schema = &Schema { tables: &[$($tables),*], ..*Record::SCHEMA };
            }
            check::<Three>().err().map(|error| error.to_string())
        }};
    }
    assert_eq!(message!(DRIVERS, TRACKS), None);
    let of = |text: Option<String>| text.unwrap_or_default();
    assert!(of(message!(DRIVERS)).contains("no table is for the record Note"));
    assert!(of(message!(TRACKS)).contains("no table has the name drivers"));
    assert!(
        of(message!(DRIVERS, TRACKS, Table { record: "X", name: "x", ..DRIVERS })).contains("no record X")
    );
    assert!(of(message!(DRIVERS, TRACKS, Table { name: "x", ..TRACKS })).contains("two tables"));
    assert!(of(message!(DRIVERS, TRACKS, Table { name: "drivers", ..TRACKS })).contains("the same name"));
    assert!(of(message!(DRIVERS, Table { name: "commits", ..TRACKS })).contains("store's own"));
    assert!(of(message!(DRIVERS, Table { name: "a b", ..TRACKS })).contains("letters"));
    assert!(of(message!(DRIVERS, Table { key: 0, ..TRACKS })).contains("key"));
    assert!(of(message!(DRIVERS, Table { key: 3, ..TRACKS })).contains("key"));
    assert!(of(message!(DRIVERS, Table { restore: Restore::With("laps"), ..TRACKS })).contains("rule"));
    assert!(of(message!(DRIVERS, Table { removal: Removal::WithoutValue("x"), ..TRACKS })).contains("rule"));
    assert_eq!(message!(Table { history: Some(history("added")), ..DRIVERS }, TRACKS), None);
    assert!(of(message!(Table { history: Some(history("x")), ..DRIVERS }, TRACKS)).contains("rule"));
    assert!(of(message!(DRIVERS, Table { columns: TWICE, ..TRACKS })).contains("two columns"));
    assert!(of(message!(DRIVERS, Table { columns: SHARED, ..TRACKS })).contains("a field is in two"));
    assert!(of(message!(DRIVERS, Table { columns: NESTED, ..TRACKS })).contains("a field is in two"));
    assert_eq!(message!(DRIVERS, Table { columns: BESIDE, ..TRACKS }), None);
}

prop_compose! {
    fn any_driver()(
        key: u64, name: String, metres in -1e9..1e9_f64, is_fast: bool, is_b: bool,
        home in prop::option::of((any::<i16>(), prop::option::of(any::<String>()))), added: u8,
    ) -> Record {
        let class = if is_b { Class::B } else { Class::A };
        let home = home.map(|(street, town)| Place { street, town: town.map(Name) });
        Record::Driver(Box::new(Driver { key, name: Name(name), best: Best { is_fast, metres, class }, home, added }))
    }
}

prop_compose! {
    fn any_lap()(
        track: u32, driver in 0..u64::MAX / 2, millis: Option<i32>, ghost: Option<Vec<Option<u8>>>
    ) -> Record {
        let corner = |corner: Option<u8>| corner.map_or(Corner::Left, Corner::Right);
        let ghost = ghost.map(|corners| corners.into_iter().map(corner).collect());
        Record::Lap { track, driver, millis, ghost }
    }
}

proptest! {
    #[test]
    fn any_record_comes_back(record in prop_oneof![any_driver(), any_lap()]) {
        prop_assert_eq!(read(&record), record);
    }
}
