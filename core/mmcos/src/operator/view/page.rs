//! Pages of lists, which are searched, filtered and sorted here: a list can have many thousand items.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::cmp::Ordering;

use schemars::JsonSchema;
use serde::Serialize;

use super::state::ROWS;
use crate::public::query::{Needle, Query};

/// Parameters of the query that selects a page.
pub(in crate::operator) const PARAMETERS: &[&str] = &["search", "filter", "sort", "order", "start"];

/// Page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(in crate::operator) struct Page<T> {
    /// Number of items that were found.
    pub(super) total: usize,
    /// Place of the first row among them, from 0.
    pub(super) start: usize,
    /// At most 50 rows.
    pub(super) rows: Vec<T>,
}

/// A word of a query: a filter or a key to sort by. The first is the default.
pub(super) trait Word: Copy + 'static {
    const PARAMETER: &'static str;
    const ALL: &'static [(&'static str, Self)];
}

/// A key to sort by.
pub(super) trait Sort: Word {
    /// Returns true if the list begins with the highest value, unless the query says otherwise.
    fn is_descending(self) -> bool;
}

/// Value of an item that it is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

/// The error for a query with a value that its parameter does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{parameter}` must be {expected}")]
pub(in crate::operator) struct QueryError {
    parameter: &'static str,
    expected: String,
}

/// Selection of a page by a query.
#[derive(Clone, Debug)]
pub(super) struct Selection<F, S> {
    pub(super) needle: Needle,
    pub(super) filter: F,
    pub(super) sort: S,
    is_descending: bool,
    start: usize,
}

impl<F: Word, S: Sort> Selection<F, S> {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, QueryError> {
        let query = Query::parse(query);
        let value = |name| query.get(name).filter(|value| !value.is_empty());
        let sort: S = word(value(S::PARAMETER))?;
        let start = value("start").map_or(Ok(0), str::parse);
        Ok(Self {
            needle: Needle::new(value("search").unwrap_or_default()),
            filter: word(value(F::PARAMETER))?,
            sort,
            is_descending: match value("order") {
                None => sort.is_descending(),
                Some("asc") => false,
                Some("desc") => true,
                Some(_) => return Err(QueryError { parameter: "order", expected: "asc or desc".to_owned() }),
            },
            start: start.map_err(|_| QueryError { parameter: "start", expected: "a number".to_owned() })?,
        })
    }

    /// Returns the page of these items. Items are found with the key to sort by, and a number that puts items of the
    /// same key in order.
    pub(super) fn page<T, R>(
        &self,
        found: impl Iterator<Item = (Key, u64, T)>,
        rows: impl FnOnce(Vec<T>) -> Vec<R>,
    ) -> Page<R> {
        let compare = |(one, number, _): &(Key, u64, T), (other, other_number, _): &(Key, u64, T)| {
            let keys = if self.is_descending { other.cmp(one) } else { one.cmp(other) };
            keys.then(number.cmp(other_number))
        };
        let mut items: Vec<_> = found.collect();
        let total = items.len();
        let items = cut(&mut items, self.start, compare);
        let items = items.into_iter().map(|(_, _, item)| item).collect();
        Page { total, start: self.start, rows: rows(items) }
    }
}

/// Returns at most [`ROWS`] items from a place on, in order. Other items are not put in order.
fn cut<T>(items: &mut Vec<T>, start: usize, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let start = start.min(items.len());
    if (1..items.len()).contains(&start) {
        items.select_nth_unstable_by(start, &compare);
    }
    let mut rows = items.split_off(start);
    if rows.len() > ROWS {
        rows.select_nth_unstable_by(ROWS, &compare);
        rows.truncate(ROWS);
    }
    rows.sort_unstable_by(compare);
    rows
}

fn word<W: Word>(value: Option<&str>) -> Result<W, QueryError> {
    let mut known = W::ALL.iter();
    let found = match value {
        None => known.next(),
        Some(value) => known.find(|(name, _)| *name == value),
    };
    let error = || {
        let names: Vec<&str> = W::ALL.iter().map(|(name, _)| *name).collect();
        QueryError { parameter: W::PARAMETER, expected: ["one of ", &names.join(", ")].concat() }
    };
    found.map(|(_, word)| *word).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_from_the_sorted_list() {
        let numbers: Vec<u32> = (0..500).map(|number| number * 7919 % 500).collect();
        for start in [0, 1, 49, 450, 480, 499, 500, 900] {
            let rows = cut(&mut numbers.clone(), start, Ord::cmp);
            let expected: Vec<u32> = (0..500).skip(start).take(ROWS).collect();
            assert_eq!(rows, expected, "from {start}");
        }
    }
}
