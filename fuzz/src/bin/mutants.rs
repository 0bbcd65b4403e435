//! Checks that the simulation finds what it should. Builds the planted bugs into a copy of the sources, all at once,
//! and runs `simulate` with one of them switched on at a time. Prints a table in Markdown. From the root of the
//! workspace: `cargo run -p mmcos-fuzz --bin mutants [NUMBER]...`, for all of them or for those with these numbers.
//! The copy is in `target/mutants`.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use mmcos_fuzz::planted::{Bug, bugs};

/// Time after which a run is taken to hang.
const PATIENCE: Duration = Duration::from_mins(2);

fn main() -> ExitCode {
    let Ok(wanted) = std::env::args().skip(1).map(|number| number.parse()).collect::<Result<Vec<u32>, _>>()
    else {
        eprintln!("usage: mutants [NUMBER]...");
        return ExitCode::FAILURE;
    };
    match run(Path::new("target/mutants"), &wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns true if every bug was found.
fn run(directory: &Path, wanted: &[u32]) -> Result<bool, Box<dyn Error>> {
    let program = build(&directory.join("tree"), &fs::canonicalize(".")?.join(directory).join("target"))?;
    println!("| planted bug | found by | with seed |\n|---|---|---:|");
    let (none, mut all) = (find(&program, 0)?, true);
    println!("| none | {} |", none.as_deref().unwrap_or("| |"));
    let is_wanted = |number: &u32| wanted.is_empty() || wanted.contains(number);
    for (number, bug) in (1..).zip(bugs()).filter(|(number, _)| is_wanted(number)) {
        let found = find(&program, number)?;
        println!("| {number} {} | {} |", bug.name, found.as_deref().unwrap_or("NOT FOUND |"));
        all &= found.is_some();
    }
    Ok(all && none.is_none())
}

/// Builds `simulate` from a copy of the workspace with all bugs in it.
fn build(tree: &Path, target: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    fs::create_dir_all(tree)?;
    for part in ["Cargo.toml", "Cargo.lock", "core", "runtime-std", "runtime-smol", "fuzz"] {
        copy(Path::new(part), &tree.join(part))?;
    }
    for (number, bug) in (1..).zip(bugs()) {
        plant(tree, &bug, number)?;
    }
    let switch = "\n/// Which bug is switched on.\npub static PLANTED: core::sync::atomic::AtomicU32 = \
        core::sync::atomic::AtomicU32::new(0);\n/// Whether it is this one.\npub fn planted(bug: u32) -> bool {\n    \
        PLANTED.load(core::sync::atomic::Ordering::Relaxed) == bug\n}\n";
    append(&tree.join("core/src/lib.rs"), switch)?;
    let main = tree.join("fuzz/src/bin/simulate.rs");
    let chosen = "fn main() -> ExitCode {\n    \
        let planted = std::env::var(\"PLANTED\").ok().and_then(|bug| bug.parse().ok());\n    \
        mmcos_core::PLANTED.store(planted.unwrap_or(0), std::sync::atomic::Ordering::Relaxed);";
    fs::write(&main, fs::read_to_string(&main)?.replace("fn main() -> ExitCode {", chosen))?;
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or("cargo".to_owned()));
    cargo.args(["build", "--quiet", "-p", "mmcos-fuzz", "--bin", "simulate"]);
    let built = cargo.current_dir(tree).env("CARGO_TARGET_DIR", target).status()?;
    if built.success() {
        Ok(target.join("debug/simulate"))
    } else {
        Err("the planted bugs do not compile".into())
    }
}

fn plant(tree: &Path, bug: &Bug, number: u32) -> Result<(), Box<dyn Error>> {
    let file = tree.join(&bug.file);
    let source = fs::read_to_string(&file)?;
    if !source.contains(&bug.before) {
        return Err(format!("another bug stands where this is to go: {}", bug.name).into());
    }
    let core = if bug.file.starts_with("core/src/") { "crate" } else { "mmcos_core" };
    let after = bug.after.replace("PLANTED", &format!("{core}::planted({number})"));
    Ok(fs::write(&file, source.replacen(&bug.before, &after, 1))?)
}

fn append(file: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(file, fs::read_to_string(file)? + text)?)
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    if !from.is_dir() {
        fs::copy(from, to)?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != "target" {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Returns the invariant that finds the bug with this number, and the seed: the last two columns of the table.
fn find(program: &Path, number: u32) -> Result<Option<String>, Box<dyn Error>> {
    for seed in 1..=600_u32 {
        let mut simulate = Command::new(program);
        simulate.args(["--seed", &seed.to_string(), "--thrice", "--no-shrinking"]);
        let mut running = simulate.env("PLANTED", number.to_string()).stdout(Stdio::piped()).spawn()?;
        let began = Instant::now();
        while running.try_wait()?.is_none() {
            if began.elapsed() > PATIENCE {
                running.kill()?;
                return Ok(Some(format!("it hangs | {seed}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = running.wait_with_output()?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            let invariant = text.lines().next().and_then(|line| line.rsplit_once(": "));
            return Ok(Some(format!("`{}` | {seed}", invariant.map_or("a crash", |(_, name)| name))));
        }
    }
    Ok(None)
}
