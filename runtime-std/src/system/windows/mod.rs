//! Windows alone: the events that end a program, its service, its firewall, its permissions, its console window.

pub(crate) mod console;
pub(crate) mod firewall;
pub(crate) mod permissions;
pub(crate) mod service;
pub(crate) mod signals;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mmcos_core::info::Info;

use crate::cli::{FirewallAction, ServiceAction};

/// `ERROR_ACCESS_DENIED`.
const ACCESS_DENIED: i32 = 5;

/// Error of a command that changes this PC.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowsError {
    /// The account lacks the rights.
    #[error(
        "{what} needs an administrator: right-click the Start button, choose \"Terminal (Admin)\" or \"Windows \
         PowerShell (Admin)\", and run the command there"
    )]
    NotAdministrator {
        /// The change.
        what: &'static str,
    },
    /// A program of Windows failed.
    #[error("{what} failed: {said}")]
    Tool {
        /// The change.
        what: &'static str,
        /// Output of the program.
        said: String,
    },
    /// Windows rejected the change.
    #[error("{what} failed: {source}")]
    System {
        /// The change.
        what: &'static str,
        /// Reason.
        source: io::Error,
    },
}

impl WindowsError {
    fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| match source.raw_os_error() {
            Some(ACCESS_DENIED) => Self::NotAdministrator { what },
            _ => Self::System { what, source },
        }
    }
}

/// Changes the firewall's rule for this program. Returns the text to print.
pub(crate) fn firewall(info: &Info, action: FirewallAction) -> Result<String, WindowsError> {
    let program = std::env::current_exe().map_err(WindowsError::system("finding this program"))?;
    match action {
        FirewallAction::Add => {
            firewall::add(info.name, &program)?;
            Ok(format!("The firewall lets players through to {}.\n", program.display()))
        }
        FirewallAction::Remove => {
            firewall::remove(&program)?;
            Ok(format!("Removed the firewall's rules for {}.\n", program.display()))
        }
    }
}

/// Changes the service. Returns the text to print.
pub(crate) fn change_service(
    info: &Info,
    action: ServiceAction,
    data_dir: Option<&Path>,
) -> Result<String, WindowsError> {
    match action {
        ServiceAction::Install => service::install(info, data_dir),
        ServiceAction::Remove => service::remove(info),
        ServiceAction::Start => service::start(info),
        ServiceAction::Stop => service::stop(info),
        // The caller serves.
        ServiceAction::Run => Ok(String::new()),
    }
}

/// Runs a program of Windows, such as `netsh.exe`, and returns whether it succeeded, and its output.
fn tool(name: &str, arguments: &[&str]) -> io::Result<(bool, String)> {
    let mut command = Command::new(system_directory().join(name));
    let output = command.args(arguments).stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).trim().to_owned()))
}

/// Forgets the addresses of names that were looked up before the hosts file changed.
pub(crate) fn forget_names() {
    // Without it the change counts some minutes later.
    let _ = tool("ipconfig.exe", &["/flushdns"]);
}

/// Returns the directory with the programs of Windows. Named in full: a program of the same name in the current
/// directory would otherwise be started in its place.
fn system_directory() -> PathBuf {
    let windows = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    Path::new(&windows).join("System32")
}
