//! The system's limit of open files. Every connection is an open file.

/// Open files besides connections: listeners, the log, needs of the libraries, and some to spare.
const OTHERS: u64 = 64;

/// Raises this process's limit of open files to what so many connections need, or as far as the system permits.
///
/// # Errors
/// [`TooFew`] if that is not enough.
#[cfg(unix)]
pub fn allow_connections(connections: usize) -> Result<(), TooFew> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(soft) = current.filter(|soft| *soft < needed) else { return Ok(()) };
    let wanted = maximum.map_or(needed, |hard| hard.min(needed));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    let allowed = if raised.is_ok() { wanted } else { soft };
    if allowed < needed { Err(TooFew { connections, needed, allowed }) } else { Ok(()) }
}

/// Does nothing: this system has no such limit.
#[cfg(not(unix))]
pub fn allow_connections(_: usize) -> Result<(), TooFew> {
    Ok(())
}

/// The system allows fewer open files than the configured number of connections needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the system allows {allowed} open files, too few for max-connections = {connections}: when they are used up, new \
     players have to wait. Allow {needed} (systemd: LimitNOFILE={needed}; a shell: ulimit -n {needed}), or set \
     max-connections to {} or less",
    allowed.saturating_sub(OTHERS)
)]
pub struct TooFew {
    /// Configured maximum number of connections.
    pub connections: usize,
    /// Open files that they need.
    pub needed: u64,
    /// Open files that the system allows.
    pub allowed: u64,
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be_and_never_lowered() {
        let soft = || getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let before = soft();
        allow_connections(1).unwrap();
        assert_eq!(soft(), before);
        let Some(hard) = getrlimit(Resource::Nofile).maximum else { return };
        let just = usize::try_from(hard - OTHERS).unwrap();
        allow_connections(just).unwrap();
        assert_eq!(soft(), hard);
        let error = allow_connections(just + 1).unwrap_err();
        assert_eq!((error.needed, error.allowed), (hard + 1, hard));
        let advice = error.to_string();
        assert!(advice.contains(&format!("LimitNOFILE={}", hard + 1)), "{advice}");
        assert!(advice.contains(&format!("max-connections to {just} or less")), "{advice}");
    }
}
