//! The console window of a program that was started from Explorer.

use std::env;
use std::io::{self, IsTerminal as _};

/// Waits for Enter, so that the reason for a failed start can be read: the window closes with the program.
///
/// A command prompt sets `PROMPT` for the programs that it starts; Explorer does not. PowerShell does not either, and
/// shows the line in vain.
pub(crate) fn hold() {
    let is_window =
        io::stdin().is_terminal() && io::stderr().is_terminal() && env::var_os("PROMPT").is_none();
    if is_window {
        eprint!("\nPress Enter to close this window. ");
        let _ = io::stdin().read_line(&mut String::new());
    }
}
