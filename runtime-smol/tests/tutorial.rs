//! The tutorial `docs/REUSE.md`, followed to the letter in a package outside the workspace.
#![cfg(test)]
#![cfg(unix)]

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

const PAGE: &str = include_str!("../../docs/REUSE.md");

/// Returns the snippets, each from its first line to its end.
fn snippets() -> impl Iterator<Item = &'static str> {
    PAGE.split("\n```").skip(1).step_by(2).filter_map(|fenced| Some(fenced.split_once('\n')?.1))
}

/// Returns the snippets whose first line is a comment with this name, without that line.
fn snippets_of(name: &str) -> String {
    let named = snippets().filter_map(|snippet| {
        let (first, rest) = snippet.split_once('\n')?;
        (first.trim_start_matches(['#', '/', ' ']) == name).then(|| format!("{rest}\n"))
    });
    let text: String = named.collect();
    assert!(!text.is_empty(), "no snippet begins with {name}");
    text
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    // These variables of this test's package would make ring's build script run again, now and after this test.
    for (name, _) in
        env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .current_dir(directory)
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{printed}\n{errors}", output.status);
    printed
}

#[test]
fn the_tutorial_leads_to_two_who_meet_and_to_a_victory_that_survives() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let directory = env::temp_dir().join(format!("tutorial-{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("src")).unwrap();
    for name in ["src/main.rs", "src/duel.rs", "src/tests.rs", "src/meet.http"] {
        fs::write(directory.join(name), snippets_of(name)).unwrap();
    }
    // The workspace's profile, lock file and target directory: most of the dependencies are built already.
    let root = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let profiles = root.find("[profile.dev]").and_then(|start| root.get(start..)).unwrap();
    let manifest = snippets_of("Cargo.toml").replace("../mmcos", workspace.to_str().unwrap());
    fs::write(directory.join("Cargo.toml"), format!("{manifest}\n{profiles}")).unwrap();
    fs::copy(workspace.join("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    symlink(target(), directory.join("target")).unwrap();

    // The program is built with the features of the tests too, so that everything is compiled once.
    run(&directory, env!("CARGO"), &["build", "--all-targets"]);
    let tested = run(&directory, env!("CARGO"), &["test"]);
    assert!(tested.contains("2 passed"), "{tested}");

    let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port().to_string();
    let script =
        snippets_of("in duel").replace("cargo build\n", "").replace("8080", &free()).replace("8443", &free());
    let printed = run(&directory, "bash", &["-euc", &script]);
    let mut told: Vec<_> =
        printed.lines().filter(|line| ["ok", "ann", "bob", "1", "2"].contains(line)).collect();
    if let Some(met) = told.get_mut(1..3) {
        met.sort_unstable();
    }
    assert_eq!(told, ["ok", "ann", "bob", "1", "ok", "2"], "{printed}");
    for part in [
        "\nduel_winners 1\n",
        "store         undamaged",
        "\"count\":1",
        "test tests::the_evening_happens_again ... ok",
    ] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
    fs::remove_dir_all(&directory).unwrap();
}

/// Returns the target directory of this test.
fn target() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}
