//! The rule of Windows' firewall that lets players through to this program.

use std::path::Path;

use super::{WindowsError, tool};
use crate::system::firewall::{Access, access};

/// Registry key of the rules.
const RULES: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules";

/// Adds the rule, in place of all others for this program. Without that, the rule that "Cancel" in Windows' own
/// question has made would win.
pub(crate) fn add(name: &str, program: &Path) -> Result<(), WindowsError> {
    let what = "adding the firewall rule";
    // Fails if there is no rule; the next command shows whether it lacked the rights.
    let _ = remove(program);
    let (name, program) = (format!("name={name}"), format!("program={}", program.display()));
    let rule =
        ["advfirewall", "firewall", "add", "rule", &name, "dir=in", "action=allow", "protocol=TCP", &program];
    run(what, &rule)
}

/// Removes every rule for this program.
pub(crate) fn remove(program: &Path) -> Result<(), WindowsError> {
    let what = "removing the firewall rule";
    let program = format!("program={}", program.display());
    run(what, &["advfirewall", "firewall", "delete", "rule", "name=all", "dir=in", &program])
}

/// Returns the rules' effect on this program; `None` if they cannot be read.
pub(crate) fn examine(program: &Path) -> Option<Access> {
    let (has_succeeded, said) = tool("reg.exe", &["query", RULES]).ok()?;
    has_succeeded.then(|| access(&said, &program.to_string_lossy()))
}

fn run(what: &'static str, arguments: &[&str]) -> Result<(), WindowsError> {
    match tool("netsh.exe", arguments) {
        Ok((true, _)) => Ok(()),
        // netsh says this in the language of Windows, and always exits with 1.
        Ok((false, _)) if !is_administrator() => Err(WindowsError::NotAdministrator { what }),
        Ok((false, said)) => Err(WindowsError::Tool { what, said }),
        Err(source) => Err(WindowsError::system(what)(source)),
    }
}

/// Returns true if this process has an administrator's rights: only such a process can read this file.
fn is_administrator() -> bool {
    std::fs::read_dir(super::system_directory().join("config")).is_ok()
}
