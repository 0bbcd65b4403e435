//! A game's records as rows of tables: a description for the store, independent of its database.
//!
//! A record is an enum with a variant for each table. [`Table`]s describe which field is in which column, and which
//! rows a server is restored from; [`write`](fn@write) and [`Reader`] convert by serde. A new field needs no
//! migration: a store adds the column, and `#[serde(default)]` fills it for existing rows.
//!
//! ```
//! use mmcos_core::row::{self, Change, Column, Removal, Row, Schema, Table, Value};
//!
//! #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! enum Record {
//!     /// A lap by a driver on a track. The last one of each counts.
//!     Lap { track: u32, driver: u64, car: Car },
//!     /// A lap that was driven through a wall.
//!     LapDeleted { track: u32, driver: u64 },
//! }
//!
//! #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct Car {
//!     name: String,
//!     parts: Vec<u32>,
//! }
//!
//! impl Row for Record {
//!     const SCHEMA: &'static Schema = &Schema {
//!         name: "laps",
//!         tables: &[Table {
//!             record: "Lap",
//!             name: "laps",
//!             columns: &[
//!                 Column::integer("track"),
//!                 Column::wide("driver"),
//!                 Column::text("car").of("car.name"),
//!                 Column::json("parts").of("car.parts"),
//!             ],
//!             key: 2,
//!             removal: Removal::By("LapDeleted"),
//!             ..Table::PLAIN
//!         }],
//!         counted: "laps",
//!         ..Schema::EMPTY
//!     };
//! }
//!
//! row::check::<Record>()?;
//! let car = Car { name: "Kübel".into(), parts: vec![1, 2] };
//! let lap = Record::Lap { track: 7, driver: 76_561_202_255_230_001, car };
//! let Change::Put(table, values) = row::write(&lap)? else { panic!() };
//! assert_eq!(values[2..], [Value::Text("Kübel".into()), Value::Text("[1,2]".into())]);
//! assert_eq!(row::Reader::new(table).read::<Record>(&values)?, lap);
//! # Ok::<(), row::RowError>(())
//! ```

mod check;
mod read;
mod write;

use alloc::{borrow::Cow, string::String};
use core::{cmp::Ordering, fmt::Debug, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

pub use check::check;
pub use read::Reader;
pub use write::write;

/// A record that a store can keep.
pub trait Row: Serialize + DeserializeOwned + Clone + Debug + Send + 'static {
    /// The tables of the game.
    const SCHEMA: &'static Schema;

    /// Returns the milestone that this record begins, if a copy of the store from before it is worth keeping, so that
    /// an operator can go back to it.
    fn milestone(&self) -> Option<Milestone> {
        None
    }
}

/// A game without durable state.
impl Row for () {
    const SCHEMA: &'static Schema = &Schema::EMPTY;
}

/// Description of a game's tables, for the store.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name of the program, for the file (`NAME.db`) and in messages.
    pub name: &'static str,
    /// All tables, in the order in which a server is restored from them.
    pub tables: &'static [Table],
    /// Table whose rows measure the size of a store: `backup` and `doctor` say "57 players". Its name is a plural in
    /// `s`.
    pub counted: &'static str,
    /// Views that operators may want to read, created again at a start when they have changed.
    pub views: &'static [View],
    /// SQL for changes that the tables alone cannot express, such as a renamed column. The statements of index N
    /// bring a store from version N to N + 1; a new store has the last version at once. They run before columns are
    /// added.
    pub migrations: &'static [&'static str],
}

/// One table, and the record that is a row of it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Name of the record's variant.
    pub record: &'static str,
    /// Name of the table.
    pub name: &'static str,
    /// All columns, the key first.
    pub columns: &'static [Column],
    /// Number of columns that form the key. The last record of each key counts.
    pub key: usize,
    /// Way in which a row is removed.
    pub removal: Removal,
    /// Rows from which a server is restored, in the order of their keys.
    pub restore: Restore,
    /// Copies that are kept of replaced rows.
    pub history: Option<History>,
    /// Rows of other tables that a row of this table removes for good.
    pub erases: &'static [Owned],
}

/// The rows of a table, or of a table of copies, that belong to the subject of a row elsewhere: those whose column has
/// the value of its key.
#[derive(Clone, Copy, Debug)]
pub struct Owned {
    /// Name of the table.
    pub table: &'static str,
    /// Column that names the subject.
    pub column: &'static str,
}

/// A table of final states, such as each player's standing at the end of a season. Before a row is replaced by one
/// with a larger number in a column, part of it is copied.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Name of the table of copies.
    pub table: &'static str,
    /// Column whose number grows, such as `season`. It comes first in the key of a copy, before the key of the row.
    pub by: &'static str,
    /// Other columns that are copied.
    pub columns: &'static [&'static str],
}

/// A view for operators that read the store.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Name of the view.
    pub name: &'static str,
    /// Query that defines it.
    pub select: &'static str,
    /// Table that an export leaves out, because the view shows all of it.
    pub covers: Option<&'static str>,
}

/// A column, and the field that is in it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name of the column.
    pub name: &'static str,
    /// Name of the field; of a field within a field, `outer.inner`.
    pub field: &'static str,
    /// Representation of the field.
    pub kind: Kind,
}

/// Representation of a field in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that fits an `i64`, or a `bool` as 0 or 1.
    Integer,
    /// The same for numbers above 2⁵³, such as identities. An export writes them as strings, because JavaScript and
    /// others cannot tell some of them apart.
    Wide,
    /// A number that may need all bits of a `u64`, as 16 hex digits, which sort in the order of the numbers.
    Hex,
    /// A floating-point number.
    Real,
    /// A string, or a variant without fields.
    Text,
    /// Anything, as JSON.
    Json,
}

/// Way in which a row is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Rows are never removed.
    Never,
    /// By a record of this variant, which holds the key: `Unban(subject)`, `Deleted { track, driver }`.
    By(&'static str),
    /// By a record without a value in this column.
    WithoutValue(&'static str),
}

/// Rows from which a server is restored.
#[derive(Clone, Copy, Debug)]
pub enum Restore {
    /// All rows.
    All,
    /// The row with the highest key. A record removes the rows with higher keys than its own, so this is the row
    /// written last.
    Latest,
    /// Recent rows.
    Recent(Recent),
    /// Rows that belong to a restored row of this table: their key begins with that row's key.
    With(&'static str),
    /// No rows. The table is history for operators to read.
    Nothing,
}

/// Definition of recent rows. `keep: Duration::ZERO` with N as `least` and `most` means the last N rows.
#[derive(Clone, Copy, Debug)]
pub struct Recent {
    /// Column of the time, in milliseconds since 1970.
    pub time: &'static str,
    /// Maximum age of restored rows. It counts from the clock or from the last row, whichever is earlier.
    pub keep: Duration,
    /// Minimum number of rows that are restored, the last ones, whatever the clock says: it may have jumped.
    pub least: usize,
    /// Maximum number of rows that are restored.
    pub most: usize,
    /// Column that marks rows worth keeping. Rows that are no longer recent are deleted if it is empty.
    pub unused_without: Option<&'static str>,
}

/// A moment that an operator may want to go back to, such as that before season 57: the copy is
/// `seasons/before-season-57.db` in the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Folder of the copies, such as `seasons`.
    pub folder: &'static str,
    /// Name of the copy before its number, such as `before-season`.
    pub name: &'static str,
    /// Number of the copy.
    pub number: i64,
    /// True if a store without players is copied as well.
    pub even_empty: bool,
}

/// A value in a column.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(Cow<'a, str>),
}

/// Change that a record makes to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inserts this row, with a value for each column, or replaces the row of its key.
    Put(&'static Table, Values),
    /// Removes the row of this key.
    Remove(&'static Table, Values),
}

/// Values of a row or of a key, in the order of the columns.
pub type Values = alloc::vec::Vec<Value<'static>>;

/// The reason why a record and a row cannot be converted into each other.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The tables do not describe the records: a bug in the program.
    #[error("{0}; this is a bug of the program, please report it")]
    Schema(String),
    /// A row holds a value that no record can have.
    #[error("the table {table} has an invalid row: {source}")]
    Row {
        /// Name of the table.
        table: &'static str,
        /// The problem.
        source: serde_json::Error,
    },
}

impl Column {
    /// Returns an integer column, of the field with its name. See [`Kind::Integer`].
    pub const fn integer(name: &'static str) -> Self {
        Self { name, field: name, kind: Kind::Integer }
    }

    /// Returns a column of large integers. See [`Kind::Wide`].
    pub const fn wide(name: &'static str) -> Self {
        Self { kind: Kind::Wide, ..Self::integer(name) }
    }

    /// Returns a column of 64 bits. See [`Kind::Hex`].
    pub const fn hex(name: &'static str) -> Self {
        Self { kind: Kind::Hex, ..Self::integer(name) }
    }

    /// Returns a column of floating-point numbers.
    pub const fn real(name: &'static str) -> Self {
        Self { kind: Kind::Real, ..Self::integer(name) }
    }

    /// Returns a text column.
    pub const fn text(name: &'static str) -> Self {
        Self { kind: Kind::Text, ..Self::integer(name) }
    }

    /// Returns a column for anything else. See [`Kind::Json`].
    pub const fn json(name: &'static str) -> Self {
        Self { kind: Kind::Json, ..Self::integer(name) }
    }

    /// Returns the same column for another field: `Column::integer("points_before").of("progress.before.points")`.
    #[must_use]
    pub const fn of(self, field: &'static str) -> Self {
        Self { field, ..self }
    }
}

impl Schema {
    /// A schema without tables: `Schema { name: "laps", tables: &[…], counted: "laps", ..Schema::EMPTY }`.
    pub const EMPTY: Self = Self { name: "", tables: &[], counted: "", views: &[], migrations: &[] };

    /// Returns the table with this name.
    pub fn table(&self, name: &str) -> Option<&'static Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    /// A table without special rules, which restores all its rows: `Table { record: "Lap", …, ..Table::PLAIN }`.
    pub const PLAIN: Self = Self {
        record: "",
        name: "",
        columns: &[],
        key: 1,
        removal: Removal::Never,
        restore: Restore::All,
        history: None,
        erases: &[],
    };

    /// Returns the column with this name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the columns of the key.
    pub fn key_columns(&self) -> &'static [Column] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// Returns the position of a column.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|other| other.name == column)
    }
}

impl Value<'_> {
    /// Returns true for [`Value::Null`].
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) => 1,
            Self::Real(_) => 2,
            Self::Text(_) => 3,
        }
    }
}

/// Orders values like a database column: numbers by size, texts by bytes.
impl Ord for Value<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            (Self::Real(one), Self::Real(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value<'_> {}

/// Compares tables by name, which is unique.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Table {}

#[cfg(test)]
mod tests;
