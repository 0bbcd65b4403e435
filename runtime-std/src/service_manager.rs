//! Notifications to a service manager.

/// Tells systemd that the server accepts clients from now on (`Type=notify`). Does nothing without a service manager
/// that asked for it.
pub(crate) fn ready() {
    #[cfg(unix)]
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        log::warn!("cannot tell the service manager that the server is ready: {error}");
    }
}
