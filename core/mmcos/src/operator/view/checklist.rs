//! The checklist of a new server.

use alloc::{borrow::Cow, format, vec::Vec};

use schemars::JsonSchema;
use serde::Serialize;

use crate::Mmcos;
use mmcos_core::game::Verdict;

/// Something that a new server needs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::operator) struct Check<'a> {
    /// Subject, in a word or two.
    about: &'a str,
    /// True if it is as it should be.
    done: bool,
    /// State, and the next step if it is not done.
    text: Cow<'a, str>,
}

impl Mmcos {
    /// Returns the findings of the host at the start, and the first player.
    pub(in crate::operator) fn checklist(&self) -> Vec<Check<'_>> {
        let host = self.operator.desk.findings().iter().map(|finding| Check {
            about: finding.about,
            done: finding.verdict == Verdict::Ok,
            text: Cow::Borrowed(&finding.text),
        });
        let known = self.players().len();
        let text = match known {
            0 => Cow::Borrowed(
                "no player has logged in yet: open this server's page for players (http://ADDRESS/, with the port of \
                 `http` if it is not 80) on a PC with the game, and run the script that it offers.",
            ),
            1 => Cow::Borrowed("one player is registered"),
            _ => Cow::Owned(format!("{known} players are registered")),
        };
        host.chain([Check { about: "first player", done: known > 0, text }]).collect()
    }
}
