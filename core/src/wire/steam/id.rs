use core::fmt;

/// A `SteamID64`: universe (8 bits), account type (4), instance (20), account number (32), from the top.
///
/// ```
/// use mmcos_core::wire::steam::SteamId;
/// let id = SteamId::new(76_561_202_255_230_001);
/// assert!(id.is_public_individual());
/// assert_eq!(id.to_string(), "76561202255230001");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SteamId(u64);

impl SteamId {
    /// Returns the id with this value; any value is accepted, see [`SteamId::is_public_individual`].
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the 64-bit value.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns true if this is a person's account in the public universe (universe 1, type 1), as every player's is.
    pub const fn is_public_individual(self) -> bool {
        self.0 >> 56 == 1 && (self.0 >> 52) & 0xf == 1
    }
}

impl fmt::Display for SteamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SteamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SteamId({})", self.0)
    }
}

/// A Steam app: a game, or a DLC of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(pub u32);

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
