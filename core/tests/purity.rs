//! The core is pure, and its parts depend on each other in one direction. Checked, not promised.
#![cfg(test)]
#![expect(clippy::string_slice, clippy::arithmetic_side_effects, reason = "a test: a panic is its failure")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Everything that is compiled into the core. What stands here reads no clock, opens no socket and starts no thread
/// in the configuration that the core uses: look before you add to it.
const DEPENDENCIES: &[&str] = &[
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
    "ipnet",
    "itoa",
    "libm",
    "memchr",
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
    "serde_json",
    "serde_spanned",
    "sha1",
    "sha2",
    "signature",
    "smol_str",
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
    "zeroize",
    "zmij",
];

/// Words that a core without time, sockets, threads and chance has no use for, in its tests either.
const FOREIGN: &[&str] = &[
    concat!("Instant", "::now"),
    concat!("System", "Time"),
    concat!("Tcp", "Stream"),
    concat!("Tcp", "Listener"),
    concat!("Udp", "Socket"),
    concat!("Hash", "Map"),
    concat!("Hash", "Set"),
    concat!("thread", "::spawn"),
];

/// Part of the core, and what it must not use. Paths begin at the root of the crate.
const LAYERS: &[(&str, &[&str])] = &[
    ("wire", &["engine", "service", "server", "mmcos"]),
    ("seam", &["engine", "service", "server", "mmcos"]),
    ("engine", &["service", "server", "admin", "mmcos"]),
    ("admin", &["service", "server", "mmcos"]),
    ("service", &["server", "admin", "mmcos"]),
    ("server", &["admin", "mmcos"]),
    ("testing", &["admin", "mmcos", "trace"]),
    ("mmcos::matchmaker", BEYOND_THE_DOMAIN),
    ("mmcos::moderation", BEYOND_THE_DOMAIN),
    ("mmcos::players", BEYOND_THE_DOMAIN),
    ("mmcos::ranking", BEYOND_THE_DOMAIN),
    ("mmcos::divisions", BEYOND_THE_DOMAIN),
    ("mmcos::seasons", BEYOND_THE_DOMAIN),
    ("mmcos::ids", BEYOND_THE_DOMAIN),
    ("mmcos::catalogue", BEYOND_THE_DOMAIN),
];

const BEYOND_THE_DOMAIN: &[&str] =
    &["wire::http", "wire::xml", "wire::egonet", "engine", "service", "server", "Server"];

/// The one place where the domain meets bytes: the configuration as the game reads it.
const EXCEPT: &str = "mmcos::catalogue::render";

#[test]
fn only_known_dependencies() {
    let known: BTreeSet<String> =
        DEPENDENCIES.iter().copied().chain(["mmcos-core"]).map(str::to_owned).collect();
    let found = dependencies(&[]);
    let difference: Vec<_> = found.symmetric_difference(&known).collect();
    assert!(difference.is_empty(), "new, or known but not there any more: {difference:?}");
}

#[test]
fn another_games_server_compiles_nothing_of_this_ones() {
    let found = dependencies(&["--no-default-features"]);
    for of_the_game in
        ["base64", "hmac", "libm", "quick-xml", "rsa", "serde_json", "sha1", "sha2", "smol_str", "toml"]
    {
        assert!(!found.contains(of_the_game), "{of_the_game}");
    }
}

/// The names of all packages below the core.
fn dependencies(features: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", "mmcos-core", "-e", "normal", "--prefix", "none"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_core_has_no_std() {
    let root = fs::read_to_string(core("src/lib.rs")).unwrap();
    assert!(root.lines().any(|line| line == "#![no_std]"), "lib.rs does not say no_std");
    for file in product_files() {
        for (number, line) in product(&file.code) {
            for word in ["extern crate std", "std::"] {
                assert!(!says(line, word), "{}:{number}: {word} in {line:?}", file.path.display());
            }
        }
    }
}

#[test]
fn nothing_looks_at_a_clock_a_socket_a_thread_or_the_order_of_a_hash_map() {
    for file in ["src", "tests", "examples", "benches"].into_iter().flat_map(files) {
        for (number, line) in (1..).zip(file.code.lines()) {
            for word in FOREIGN {
                assert!(!line.contains(word), "{}:{number}: {word} in {line:?}", file.path.display());
            }
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    for (part, forbidden) in LAYERS {
        let in_part = |source: &&Source| within(&source.module, part) && !within(&source.module, EXCEPT);
        let sources = product_files();
        assert!(sources.iter().any(|source| in_part(&source)), "{part} is not there any more");
        for source in sources.iter().filter(in_part) {
            for path in paths(&source.code, &source.module) {
                let used = forbidden.iter().find(|forbidden| within(&path, forbidden));
                assert_eq!(used, None, "{}: {part} must not use {path}", source.path.display());
            }
        }
    }
}

#[test]
fn these_checks_can_fail() {
    assert!(says("    let now = std::time::now();", "std::") && says("use ::std::io;", "std::"));
    assert!(!says("use test_std::io;", "std::"));
    let code = "use crate::{\n    engine::{Limits, Peer},\n    wire::xml,\n};\nuse super::ids;\nfn a(b: crate::Server) {}\n\
                // crate::comment\n#[cfg(test)]\nmod tests {\n    use crate::tested;\n}\n";
    let found = ["engine::Limits", "engine::Peer", "wire::xml", "Server", "mmcos::ids"];
    assert_eq!(paths(code, "mmcos::players"), found);
    assert!(within("wire::http::Date", "wire::http") && within("wire", "wire"));
    assert!(!within("wire::https", "wire::http"));
}

struct Source {
    path: PathBuf,
    /// Its path in the crate: `mmcos::players` for `src/mmcos/players/mod.rs`.
    module: String,
    code: String,
}

fn core(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// All Rust files below a folder of this package, if there is such a folder.
fn files(root: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![core(root)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = fs::read_to_string(&path).unwrap();
                found.push(Source { module: module(path.strip_prefix(core(root)).unwrap()), path, code });
            }
        }
    }
    found
}

/// Those below `src` that are not tests alone.
fn product_files() -> Vec<Source> {
    let mut found = files("src");
    found.retain(|source| !source.module.ends_with("::tests"));
    found
}

fn module(file: &Path) -> String {
    let names = file.with_extension("");
    let names = names.iter().map(|name| name.to_str().unwrap()).filter(|name| !["mod", "lib"].contains(name));
    names.collect::<Vec<_>>().join("::")
}

/// The numbered lines that are compiled into the product: comments left out, and all from the first `cfg(test)` on,
/// which by custom starts a file's tests at its end.
fn product(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(code.lines()).take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether the line has the word, and not at the end of a longer one.
fn says(line: &str, word: &str) -> bool {
    let joins = |before: &str| before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    line.match_indices(word).any(|(at, _)| !joins(&line[..at]))
}

/// Whether a path leads to this part or into it.
fn within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// All paths into this crate that the product part of a module's code names, from the root of the crate.
fn paths(code: &str, module: &str) -> Vec<String> {
    let code = product(code).map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        // The rest of a chain of `super`s was found with its first.
        if !code[..at].ends_with("::") {
            let base = if start == "crate::" { "" } else { module };
            found.extend(branches(&code[at..]).iter().map(|path| absolute(path, base)));
        }
    }
    found
}

/// The paths that a tree as in `use` stands for: `a::{b, c::d}` for `a::b` and `a::c::d`.
fn branches(tree: &str) -> Vec<String> {
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let (stem, rest) = tree.split_at(tree.find(|c| !in_name(c)).unwrap_or(tree.len()));
    let Some(inner) = rest.strip_prefix('{') else { return vec![stem.to_owned()] };
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                parts.last_mut().unwrap().push(c);
            }
        }
    }
    let names = parts.iter().flat_map(|part| branches(part.trim()));
    names.filter(|name| !name.is_empty()).map(|name| format!("{stem}{name}")).collect()
}

/// A path that begins with `crate` or `super`, from the root of the crate.
fn absolute(path: &str, module: &str) -> String {
    let mut names: Vec<&str> = module.split("::").collect();
    for name in path.split("::").filter(|name| !name.is_empty()) {
        match name {
            "crate" => names.clear(),
            "super" => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("::")
}
