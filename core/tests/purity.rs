//! Checks that the core is pure, and that its parts depend on each other in one direction.
#![cfg(test)]
#![expect(clippy::string_slice, clippy::arithmetic_side_effects, reason = "a test: a panic is its failure")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A package below `core`, and everything else that is compiled into it. These dependencies read no clock, open no
/// socket and start no thread in the configuration that is used: check that before you add one.
struct Package {
    name: &'static str,
    folder: &'static str,
    features: &'static [&'static str],
    /// Names, with blanks between them.
    dependencies: &'static [&'static str],
}

const PACKAGES: [Package; 4] = [
    Package { name: "mmcos-core", folder: "", features: &[], dependencies: &[ENGINE] },
    Package {
        name: "mmcos-core",
        folder: "",
        features: &["--all-features"],
        dependencies: &[ENGINE, FEATURES],
    },
    Package { name: "mmcos-dr2", folder: "dr2", features: &[], dependencies: &[ENGINE, RALLY] },
    Package { name: "mmcos-game", folder: "mmcos", features: &[], dependencies: &[ENGINE, FEATURES, GAME] },
];

/// Dependencies of the engine, without any feature.
const ENGINE: &str = "\
    httparse ipnet itoa memchr ppv-lite86 proc-macro2 quote rand_chacha rand_core serde serde_core \
    serde_derive syn thiserror thiserror-impl unicode-ident zerocopy";

/// Dependencies of the features.
const FEATURES: &str = "\
    base64 block-buffer cfg-if cmov const-oid cpubits cpufeatures crypto-bigint crypto-common crypto-primes \
    ctutils digest dyn-clone hmac hybrid-array num-traits quick-xml ref-cast ref-cast-impl rsa schemars \
    schemars_derive serde_derive_internals serde_json sha1 sha2 signature typenum zeroize zmij";

/// Dependencies of Micro Machines World Series.
/// `maud` writes HTML at compile time; `maud_macros` and `proc-macro2-diagnostics` are only in the compiler.
const GAME: &str = "\
    libm maud maud_macros mmcos-core proc-macro2-diagnostics serde_spanned smol_str tinyvec toml \
    toml_datetime toml_parser unicode-normalization winnow";

/// Dependencies of `DiRT` Rally 2.0.
const RALLY: &str = "\
    base64 block-buffer cfg-if cmov cpufeatures crypto-common ctutils digest hmac hybrid-array mmcos-core \
    serde_json sha2 typenum zmij";

/// Words that must not occur in a core without time, sockets, threads and randomness, nor in its tests.
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

/// A part of `mmcos-core`, and the other parts that it must not use. Cargo enforces this between packages.
const LAYERS: &[(&str, &[&str])] = &[
    ("wire", &["engine", "service", "server"]),
    ("seam", &["engine", "service", "server"]),
    ("row", &["engine", "service", "server", "admin"]),
    ("settings", &["engine", "service", "server", "admin"]),
    ("engine", &["service", "server", "admin"]),
    ("admin", &["server", "game", "trace"]),
    ("service", &["server", "admin", "game"]),
    ("server", &["admin", "game"]),
    ("game", &["server"]),
    ("testing", &["admin"]),
];

/// Paths that the `domain` of `mmcos-game` must not use: its rules see neither bytes nor connections.
const BEYOND_THE_DOMAIN: &[&str] = &[
    "services",
    "state",
    "operator",
    "host",
    "record",
    "settings",
    "Mmcos",
    "mmcos_core::wire::http",
    "mmcos_core::wire::xml",
    "mmcos_core::wire::egonet",
    "mmcos_core::engine",
    "mmcos_core::service",
    "mmcos_core::server",
    "mmcos_core::Server",
];

/// The one place where the domain writes bytes: the configuration as the game reads it.
const EXCEPT: &str = "domain::catalogue::render";

#[test]
fn only_known_dependencies() {
    for Package { name, features, dependencies, .. } in PACKAGES {
        let known = dependencies.iter().flat_map(|names| names.split_whitespace());
        let known: BTreeSet<&str> = known.chain([name]).collect();
        let tree = tree(name, features);
        let found = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        let difference: Vec<_> = known.symmetric_difference(&found).collect();
        assert!(difference.is_empty(), "{name}: new, or known but not there any more: {difference:?}");
    }
}

/// Returns all packages that this one depends on, one a line.
fn tree(package: &str, features: &[&str]) -> String {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", package, "-e", "normal", "--prefix", "none"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).unwrap()
}

#[test]
fn nothing_has_std() {
    for Package { folder, .. } in PACKAGES {
        let root = fs::read_to_string(core(folder).join("src/lib.rs")).unwrap();
        assert!(root.lines().any(|line| line == "#![no_std]"), "{folder}: lib.rs does not say no_std");
        for file in product_files(folder) {
            for (number, line) in product(&file.code) {
                for word in ["extern crate std", "std::"] {
                    assert!(!says(line, word), "{}:{number}: {word} in {line:?}", file.path.display());
                }
            }
        }
    }
}

#[test]
fn nothing_looks_at_a_clock_a_socket_a_thread_or_the_order_of_a_hash_map() {
    for folder in PACKAGES.map(|package| core(package.folder)) {
        // A benchmark measures time.
        for file in ["src", "tests", "examples"].iter().flat_map(|part| files(&folder.join(part))) {
            for (number, line) in (1..).zip(file.code.lines()) {
                for word in FOREIGN {
                    assert!(!line.contains(word), "{}:{number}: {word} in {line:?}", file.path.display());
                }
            }
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    let of_the_core = product_files("");
    for (part, forbidden) in LAYERS {
        check_part(&of_the_core, part, forbidden);
    }
    let mut of_the_game = product_files("mmcos");
    of_the_game.retain(|source| !within(&source.module, EXCEPT));
    check_part(&of_the_game, "domain", BEYOND_THE_DOMAIN);
    check_part(&of_the_game, "state", &["services", "operator", "host"]);
}

fn check_part(sources: &[Source], part: &str, forbidden: &[&str]) {
    let in_part: Vec<_> = sources.iter().filter(|source| within(&source.module, part)).collect();
    assert!(!in_part.is_empty(), "{part} is not there any more");
    for source in in_part {
        for path in paths(&source.code, &source.module) {
            let used = forbidden.iter().find(|forbidden| within(&path, forbidden));
            assert_eq!(used, None, "{}: {part} must not use {path}", source.path.display());
        }
    }
}

#[test]
fn these_checks_can_fail() {
    assert!(says("    let now = std::time::now();", "std::") && says("use ::std::io;", "std::"));
    assert!(!says("use test_std::io;", "std::"));
    let code = "use crate::{\n    engine::{Limits, Peer},\n    wire::xml,\n};\nuse super::ids;\n\
                fn a(b: crate::Server) {}\nuse mmcos_core::{Server, seam::Wall};\n// crate::comment\n\
                #[cfg(test)]\nmod tests {\n    use crate::tested;\n}\n";
    let found = [
        "engine::Limits",
        "engine::Peer",
        "wire::xml",
        "Server",
        "ids",
        "mmcos_core::Server",
        "mmcos_core::seam::Wall",
    ];
    assert_eq!(paths(code, "players"), found);
    assert!(within("wire::http::Date", "wire::http") && within("wire", "wire"));
    assert!(!within("wire::https", "wire::http"));
}

struct Source {
    path: PathBuf,
    /// Its path in the crate: `players::profile` for `src/players/profile.rs`.
    module: String,
    code: String,
}

fn core(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns all Rust files below a folder, if there is such a folder.
fn files(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = fs::read_to_string(&path).unwrap();
                found.push(Source { module: module(path.strip_prefix(root).unwrap()), path, code });
            }
        }
    }
    found
}

/// Returns the files of a package's `src`, without those for tests only.
fn product_files(folder: &str) -> Vec<Source> {
    let mut found = files(&core(folder).join("src"));
    found.retain(|source| !source.module.ends_with("::tests"));
    found
}

fn module(file: &Path) -> String {
    let names = file.with_extension("");
    let names = names.iter().map(|name| name.to_str().unwrap()).filter(|name| !["mod", "lib"].contains(name));
    names.collect::<Vec<_>>().join("::")
}

/// Returns the numbered lines that are compiled into the product: without comments, and only those before the first
/// `cfg(test)`, which by custom starts a file's tests at its end.
fn product(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(code.lines()).take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Returns true if the line has the word, other than at the end of a longer one.
fn says(line: &str, word: &str) -> bool {
    let joins = |before: &str| before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    line.match_indices(word).any(|(at, _)| !joins(&line[..at]))
}

/// Returns true if `path` is `part` or is inside it.
fn within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Returns all paths into this crate that the product part of a module's code names, from its root, and those into
/// `mmcos_core`.
fn paths(code: &str, module: &str) -> Vec<String> {
    let code = product(code).map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, start) in
        ["crate::", "super::", "mmcos_core::"].iter().flat_map(|start| code.match_indices(start))
    {
        // The first `super` of a chain has found the rest.
        if !code[..at].ends_with("::") {
            let base = if start == "super::" { module } else { "" };
            found.extend(branches(&code[at..]).iter().map(|path| absolute(path, base)));
        }
    }
    found
}

/// Returns the paths of a tree as in `use`: for `a::{b, c::d}`, `a::b` and `a::c::d`.
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

/// Resolves a path that begins with `crate` or `super`, from the root of the crate.
fn absolute(path: &str, module: &str) -> String {
    let mut names: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    for name in path.split("::").filter(|name| !name.is_empty()) {
        match name {
            "crate" => names.clear(),
            "super" => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("::")
}
