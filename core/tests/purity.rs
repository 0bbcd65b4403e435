//! The core is pure, and its dependencies point one way: checked here, not promised.

#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// All that may be below the core. A crate that is new here was looked at: no clock, no sockets, no files, no threads.
const ALLOWED: &[&str] = &[
    "base64",
    "block-buffer",
    "cfg-if",
    "cmov",
    "const-oid",
    "cpubits",
    "cpufeatures",
    "crypto-bigint",
    "crypto-common",
    "crypto-primes",
    "ctutils",
    "digest",
    "hmac",
    "httparse",
    "hybrid-array",
    "itoa",
    "libc",
    "libm",
    "memchr",
    "mmcos-core",
    "num-traits",
    "ppv-lite86",
    "proc-macro2",
    "quick-xml",
    "quote",
    "rand_chacha",
    "rand_core",
    "rsa",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_spanned",
    "sha1",
    "sha2",
    "signature",
    "syn",
    "thiserror",
    "thiserror-impl",
    "toml",
    "toml_datetime",
    "toml_parser",
    "typenum",
    "unicode-ident",
    "winnow",
    "zerocopy",
    "zerocopy-derive",
    "zeroize",
];

/// What no file of the core may say, its tests included.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "HashMap",
    "HashSet",
    "thread::",
    "std::env",
    "std::fs",
    "std::net",
    "std::time",
    "extern crate std",
];

/// Who may not know whom: a module, and what it must not name.
const ONE_WAY: &[(&str, &[&str])] = &[
    ("wire", &["crate::engine", "crate::service", "crate::server", "crate::mmcos"]),
    ("seam", &["crate::engine", "crate::service", "crate::server", "crate::mmcos"]),
    ("engine", &["crate::service", "crate::server", "crate::mmcos"]),
    ("mmcos/matchmaker", &["wire::", "engine::", "service::"]),
    ("mmcos/players", &["wire::http", "wire::xml", "engine::", "service::"]),
    ("mmcos/ranking.rs", &["wire::", "engine::", "service::"]),
    ("mmcos/divisions.rs", &["wire::", "engine::", "service::"]),
    ("mmcos/seasons.rs", &["wire::", "engine::", "service::"]),
];

fn core() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file at or below this path of `src`.
fn sources(below: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut paths = vec![core().join("src").join(below)];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "nothing at {below}");
    found
}

/// The lines that are program, not prose, with their numbers.
fn program(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.lines()
        .map(str::trim)
        .zip(1..)
        .map(|(line, number)| (number, line))
        .filter(|(_, line)| !line.starts_with("//"))
}

#[test]
fn nothing_impure_is_below_the_core() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "mmcos-core", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--target", "all"])
        .current_dir(core())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ALLOWED);
}

#[test]
fn the_core_has_no_std() {
    let lib = fs::read_to_string(core().join("src/lib.rs")).unwrap();
    assert!(lib.contains("\n#![no_std]\n"));
    for (path, text) in sources("") {
        for (line, code) in program(&text) {
            let found = IMPURE.iter().find(|word| code.contains(*word));
            assert_eq!(found, None, "{}:{line}", path.display());
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    for (module, foreign) in ONE_WAY {
        for (path, text) in sources(module) {
            for (line, code) in program(&text) {
                let found = foreign.iter().find(|word| code.contains(*word));
                assert_eq!(found, None, "{}:{line}", path.display());
            }
        }
    }
}
