use alloc::{collections::BTreeMap, vec::Vec};

use crate::{
    row::{Change, Recent, Restore, Row, RowError, Table, Value, Values, write},
    seam::Wall,
};

/// A model of a store: rows by their keys, restored by the rules of their tables.
#[derive(Clone, Debug)]
pub struct Rows<R> {
    /// The table's index, and the key.
    rows: BTreeMap<(usize, Values), Kept<R>>,
}

#[derive(Clone, Debug)]
struct Kept<R> {
    record: R,
    values: Values,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new() }
    }
}

impl<R: Row> Rows<R> {
    /// Stores a record in the place of the last one of its key, or removes that one.
    pub fn put(&mut self, record: R) -> Result<(), RowError> {
        match write(&record)? {
            Change::Put(table, values) => {
                let index = index::<R>(table.name);
                let key: Values = values.iter().take(table.key).cloned().collect();
                if matches!(table.restore, Restore::Latest) {
                    self.rows.retain(|(other, later), _| *other != index || *later <= key);
                }
                let erased = table.erases.iter().filter_map(|owned| {
                    Some((index_of::<R>(owned.table)?, R::SCHEMA.table(owned.table)?.position(owned.column)?))
                });
                let erased: Vec<(usize, usize)> = erased.collect();
                self.rows.retain(|(other, _), kept| {
                    let of_subject =
                        |(table, at): &(usize, usize)| table == other && kept.values.get(*at) == key.first();
                    !erased.iter().any(of_subject)
                });
                self.rows.insert((index, key), Kept { record, values });
            }
            Change::Remove(table, key) => drop(self.rows.remove(&(index::<R>(table.name), key))),
        }
        Ok(())
    }

    /// Returns the records from which a server is restored at this time.
    pub fn records(&self, now: Wall) -> impl Iterator<Item = R> {
        let tables = R::SCHEMA.tables.iter();
        tables.flat_map(move |table| self.restored(table, now)).map(|(_, kept)| kept.record.clone())
    }

    /// Returns the last record of a table, by its key.
    pub fn last(&self, table: &Table) -> Option<&R> {
        self.all(table).next_back().map(|(_, kept)| &kept.record)
    }

    /// Removes the rows that are not restored at this time.
    pub fn prune(&mut self, now: Wall) {
        let tables = (0..).zip(R::SCHEMA.tables);
        let restored = tables.flat_map(|(index, table)| {
            self.restored(table, now).map(move |(key, kept)| ((index, key.clone()), kept.clone()))
        });
        self.rows = restored.collect();
    }

    fn all(&self, table: &Table) -> impl DoubleEndedIterator<Item = (&Values, &Kept<R>)> {
        let index = index::<R>(table.name);
        let rows = self.rows.range((index, Values::new())..(index + 1, Values::new()));
        rows.map(|((_, key), kept)| (key, kept))
    }

    fn restored(&self, table: &'static Table, now: Wall) -> alloc::vec::IntoIter<(&Values, &Kept<R>)> {
        let mut rows: Vec<(&Values, &Kept<R>)> = match table.restore {
            Restore::All => self.all(table).collect(),
            Restore::Latest => self.all(table).next_back().into_iter().collect(),
            Restore::Recent(recent) => self.recent(table, recent, now),
            Restore::With(other) => R::SCHEMA.table(other).map_or_else(Vec::new, |other| {
                let keys: Vec<&Values> = self.restored(other, now).map(|(key, _)| key).collect();
                let is_with = |key: &Values| {
                    keys.binary_search_by(|other_key| other_key.iter().cmp(key.iter().take(other.key)))
                        .is_ok()
                };
                self.all(table).filter(|(key, _)| is_with(key)).collect()
            }),
            Restore::Nothing => Vec::new(),
        };
        rows.sort_unstable_by_key(|(key, _)| *key);
        rows.into_iter()
    }

    fn recent(&self, table: &Table, recent: Recent, now: Wall) -> Vec<(&Values, &Kept<R>)> {
        let column = table.position(recent.time);
        let time = |kept: &Kept<R>| match column.map(|at| &kept.values[at]) {
            Some(Value::Integer(time)) => *time,
            _ => i64::MIN,
        };
        let last = self.all(table).next_back().map_or(i64::MAX, |(_, kept)| time(kept));
        let keep = i64::try_from(recent.keep.as_millis()).unwrap_or(i64::MAX);
        let oldest = last.min(now.as_millis()).saturating_sub(keep);
        let latest_first = self.all(table).rev().enumerate();
        let wanted = latest_first.filter(|(place, (_, kept))| *place < recent.least || time(kept) > oldest);
        wanted.map(|(_, row)| row).take(recent.most).collect()
    }
}

/// Returns the index of a table; `None` for a table of copies, which this model has not.
fn index_of<R: Row>(table: &str) -> Option<usize> {
    R::SCHEMA.tables.iter().position(|other| other.name == table)
}

fn index<R: Row>(table: &str) -> usize {
    R::SCHEMA.tables.iter().take_while(|other| other.name != table).count()
}
