//! The audit log, by pages.

use alloc::string::{String, ToString};

use schemars::JsonSchema;
use serde::Serialize;

use super::page::{Key, Page, QueryError, Selection, Sort, Word};
use crate::{Mmcos, public::query::folded};
use mmcos_core::admin::AuditEntry;

/// Command that an operator carried out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::operator) struct AuditRow<'a> {
    /// Number, which grows.
    number: u64,
    /// Time of the command.
    at: i64,
    /// Name of the operator; `operator` stands for the host's password, `console` for a command of its machine.
    operator: &'a str,
    /// Address of the operator, as long as it is kept.
    address: Option<String>,
    /// Method and path of the command.
    command: &'a str,
    /// Description of the command.
    text: &'a str,
    /// Number of the player that the command was about.
    about: Option<u32>,
    /// State before the command, if it changed one.
    before: Option<&'a str>,
    /// State after the command, if it changed one.
    after: Option<&'a str>,
}

/// Commands to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuditFilter {
    All,
    /// Commands about a player.
    Players,
    /// Everything but logging in and out.
    Changes,
}

#[derive(Clone, Copy, Debug)]
enum AuditSort {
    Number,
    Operator,
}

impl Word for AuditFilter {
    const PARAMETER: &'static str = "filter";
    const ALL: &'static [(&'static str, Self)] =
        &[("all", Self::All), ("players", Self::Players), ("changes", Self::Changes)];
}

impl Word for AuditSort {
    const PARAMETER: &'static str = "sort";
    const ALL: &'static [(&'static str, Self)] = &[("number", Self::Number), ("operator", Self::Operator)];
}

impl Sort for AuditSort {
    fn is_descending(self) -> bool {
        matches!(self, Self::Number)
    }
}

impl Mmcos {
    /// Returns a page of the audit log.
    pub(in crate::operator) fn audit_page(
        &self,
        query: Option<&str>,
    ) -> Result<Page<AuditRow<'_>>, QueryError> {
        let selection: Selection<AuditFilter, AuditSort> = Selection::parse(query)?;
        let is_shown = |entry: &&AuditEntry| match selection.filter {
            AuditFilter::All => true,
            AuditFilter::Players => entry.about.is_some(),
            AuditFilter::Changes => {
                !entry.command.ends_with(" /api/v1/session") && !entry.command.starts_with("GET ")
            }
        };
        let is_found = |entry: &&AuditEntry| {
            let address = entry.address.map(|address| address.to_string()).unwrap_or_default();
            let texts = [&entry.operator, &entry.command, &entry.text, &address];
            let changes = [entry.before.as_ref(), entry.after.as_ref()];
            let mut texts = texts.into_iter().chain(changes.into_iter().flatten());
            texts.any(|text| selection.needle.is_in(text))
        };
        let found = self.operator.audit.iter().filter(is_shown).filter(is_found).map(|entry| {
            let key = match selection.sort {
                AuditSort::Number => Key::Number(i64::try_from(entry.number).unwrap_or(i64::MAX)),
                AuditSort::Operator => Key::Text(folded(&entry.operator)),
            };
            // Entries of an operator, the latest first.
            (key, u64::MAX.saturating_sub(entry.number), entry)
        });
        Ok(selection.page(found, |entries| entries.into_iter().map(row).collect()))
    }
}

fn row(entry: &AuditEntry) -> AuditRow<'_> {
    AuditRow {
        number: entry.number,
        at: entry.at.as_secs(),
        operator: &entry.operator,
        address: entry.address.map(|address| address.to_string()),
        command: &entry.command,
        text: &entry.text,
        about: entry.about,
        before: entry.before.as_deref(),
        after: entry.after.as_deref(),
    }
}
