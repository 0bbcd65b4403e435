use core::fmt;

/// State of the durable storage, as the adapter sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Records become durable within milliseconds.
    #[default]
    Available,
    /// A record cannot be stored yet. The adapter retries; responses that depend on the record wait.
    Delayed(StorageTrouble),
    /// Records could not be stored for several seconds. A service must reject a request that needs a record before it
    /// changes any state, so that only a bounded number of records waits.
    Unavailable(StorageTrouble),
}

/// The reason why records cannot be stored. Every reason may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageTrouble {
    /// Another program has locked the file.
    Locked,
    /// The disk is full.
    Full,
    /// The file or its disk is read-only.
    ReadOnly,
    /// The disk reports errors.
    Failing,
    /// The disk has not responded for several seconds.
    Slow,
}

impl Storage {
    /// Returns the reason, if records cannot be stored at the moment.
    pub const fn trouble(self) -> Option<StorageTrouble> {
        match self {
            Self::Available => None,
            Self::Delayed(trouble) | Self::Unavailable(trouble) => Some(trouble),
        }
    }
}

impl StorageTrouble {
    /// All reasons.
    pub const ALL: [Self; 5] = [Self::Locked, Self::Full, Self::ReadOnly, Self::Failing, Self::Slow];

    /// Returns the reason in one word, for traces and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Failing => "failing",
            Self::Slow => "slow",
        }
    }
}

impl fmt::Display for StorageTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "another program has locked mmcos.db",
            Self::Full => "the disk is full",
            Self::ReadOnly => "the disk or mmcos.db is read-only",
            Self::Failing => "the disk reports errors",
            Self::Slow => "the disk does not respond",
        })
    }
}
