//! Bugs that the simulation must find; the program `mutants` plants them.

use serde::Deserialize;

/// A bug, as a change of one place in the sources.
#[derive(Clone, Debug, Deserialize)]
pub struct Bug {
    /// What goes wrong.
    pub name: String,
    /// Where, from the root of the workspace.
    pub file: String,
    /// What stands there, once.
    pub before: String,
    /// What is to stand there; `PLANTED` is for "if it is this bug's turn".
    pub after: String,
}

/// All of them.
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
