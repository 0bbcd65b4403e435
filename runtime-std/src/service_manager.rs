//! What a service manager wants to know.

/// Tells systemd that clients are served from now on (`Type=notify`); does nothing where nobody asked to be told.
pub(crate) fn ready() {
    #[cfg(unix)]
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        log::warn!("cannot tell the service manager that the server is ready: {error}");
    }
}
