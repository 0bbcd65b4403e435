//! Bugs that the simulation must find; the program `mutants` plants them.

use serde::Deserialize;

/// A bug, as a change at one place in the sources.
#[derive(Clone, Debug, Deserialize)]
pub struct Bug {
    /// The effect of the bug.
    pub name: String,
    /// Path of the file from the root of the workspace.
    pub file: String,
    /// Text to replace, which occurs once.
    pub before: String,
    /// Replacement, in which `PLANTED` stands for "this bug is switched on".
    pub after: String,
}

/// Returns all bugs.
///
/// # Panics
/// If `planted_bugs.toml` cannot be read.
pub fn bugs() -> Vec<Bug> {
    #[derive(Deserialize)]
    struct List {
        bug: Vec<Bug>,
    }
    let list: List = toml::from_str(include_str!("../planted_bugs.toml")).expect("the list can be read");
    list.bug
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_bug_has_one_place_to_go_to() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for bug in bugs() {
            let source = fs::read_to_string(root.join(&bug.file)).expect("the file is there");
            assert_eq!(source.matches(&bug.before).count(), 1, "{}", bug.name);
            assert!(bug.after.contains("PLANTED"), "{}", bug.name);
        }
    }
}
