//! Completions in a real shell, and the manual page as `man` reads it.

use std::process::{Command, Stdio};

use crate::PROGRAM;
use crate::blackbox::rig::process::{Scratch, program};

fn printed(words: &[&str]) -> String {
    let output = program(&Scratch::new(), words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the completions of a line's last word in a bash that has evaluated the script.
fn in_bash(script: &str, words: &[&str]) -> Vec<String> {
    let function = "set -u; eval \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                    $(complete -p mmcos | sed 's/.* -F \\([^ ]*\\) .*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    let output = bash.args(["-c", function, "bash", script, PROGRAM]).args(words).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = printed(&["completions", "bash"]);
    let complete = |words: &[&str]| in_bash(&script, words);
    assert_eq!(complete(&["admin", "kic"]), ["kick"]);
    assert_eq!(complete(&["do"]), ["doctor"]);
    assert_eq!(
        complete(&["admin", "ban", "7", "--h"]),
        ["--hours", "--http", "--https", "--head-seconds", "--host-names"]
    );
    assert_eq!(complete(&["--ai", "t"]), ["true"]);
    assert!(complete(&["admin", ""]).len() > 25);
    assert!(complete(&["backup", ""]).is_empty(), "the name of a file");
    for shell in ["zsh", "fish"] {
        assert!(printed(&["completions", shell]).contains("complete"), "{shell}");
    }
    let output = program(&Scratch::new(), &["completions", "tcsh"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("completions bash, zsh or fish"), "{errors}");
}

#[test]
fn the_manual_page_has_every_command_and_no_fault() {
    let page = printed(&["man"]);
    for part in [
        ".TH MMCOS 1",
        ".SH COMMANDS\n",
        ".B admin\\-link\n",
        ".B ban SUBJECT [\\-\\-confirm]",
        ".B \\-\\-data\\-dir",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let groff = |page: &str| {
        let mut groff = Command::new("groff");
        groff.args(["-man", "-Tutf8", "-ww", "-z"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut groff = groff.spawn().ok()?;
        std::io::Write::write_all(&mut groff.stdin.take().unwrap(), page.as_bytes()).unwrap();
        Some(String::from_utf8(groff.wait_with_output().unwrap().stderr).unwrap())
    };
    match groff(&page) {
        Some(faults) => {
            assert_eq!(faults, "");
            assert_ne!(groff(&(page + "\n\\[nonsense]\n")).unwrap(), "", "a fault would be seen");
        }
        None => println!("not checked here, without groff"),
    }
}
