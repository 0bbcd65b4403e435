//! Checks of this package's dependencies.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use std::process::Command;

#[test]
fn nothing_async_is_in_the_tree() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "mmcos-std", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.lines().any(|line| line.starts_with("rustls ")), "this is not the tree: {tree}");
    let is_async = |line: &&str| {
        let family = line.split([' ', '-']).next().unwrap_or_default();
        ["async", "futures", "tokio", "smol", "mio"].contains(&family)
    };
    let found: Vec<&str> = tree.lines().filter(is_async).collect();
    assert!(found.is_empty(), "{found:?}");
}
