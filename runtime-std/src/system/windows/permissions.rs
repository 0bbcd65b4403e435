//! Permissions of a directory with secrets.

use std::path::Path;

use super::{WindowsError, tool};

/// SYSTEM and Administrators, by numbers that are the same in every language of Windows.
const ADMINISTRATORS: [&str; 2] = ["*S-1-5-18", "*S-1-5-32-544"];
/// The account `NT AUTHORITY\LocalService`.
pub(super) const LOCAL_SERVICE: &str = "*S-1-5-19";

/// Restricts a directory, and what will be in it, to this user and the administrators.
pub(crate) fn restrict_to_user(directory: &Path) -> Result<(), WindowsError> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    restrict(directory, &format!(r"{}\{}", variable("USERDOMAIN"), variable("USERNAME")))
}

/// Restricts a directory, and what will be in it, to an account and the administrators.
pub(super) fn restrict(directory: &Path, account: &str) -> Result<(), WindowsError> {
    let what = "restricting the data directory to its owner";
    let path = directory.to_string_lossy();
    let grants = ADMINISTRATORS.iter().copied().chain([account]).map(|who| format!("{who}:(OI)(CI)F"));
    let grants: Vec<String> = grants.collect();
    let mut arguments = vec![path.as_ref(), "/inheritance:r", "/grant:r"];
    arguments.extend(grants.iter().map(String::as_str));
    match tool("icacls.exe", &arguments) {
        Ok((true, _)) => Ok(()),
        Ok((false, said)) => Err(WindowsError::Tool { what, said }),
        Err(source) => Err(WindowsError::system(what)(source)),
    }
}
