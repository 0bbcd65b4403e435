//! Names of this operating system's tools, for advice in messages.

/// The place that shows free space.
pub(crate) const FREE_SPACE: &str = if cfg!(windows) { "Explorer, This PC" } else { "df -h" };
/// The place that shows the owner and the permissions of a directory.
pub(crate) const OWNER: &str = if cfg!(windows) { "Properties, Security" } else { "ls -ld" };
/// The place where the system reports failing disks.
pub(crate) const SYSTEM_LOG: &str =
    if cfg!(windows) { "Event Viewer, Windows Logs, System" } else { "dmesg" };

/// Returns the commands that find the program with a port.
pub(crate) fn port_owner(port: u16, is_windows: bool) -> String {
    if is_windows {
        format!(
            "`netstat -abno | findstr :{port}`, `netsh http show servicestate` (IIS and others) or \
             `netsh int ipv4 show excludedportrange tcp` (Hyper-V, WSL), in an administrator's terminal,"
        )
    } else {
        format!("`sudo ss -ltnp 'sport = :{port}'`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_own_command() {
        assert!(port_owner(443, false).contains("'sport = :443'"));
        let windows = port_owner(443, true);
        assert!(windows.contains("findstr :443") && !windows.contains("sudo"), "{windows}");
    }
}
