/// Skin packs 1 to 6 by platform; true for those that are for sale. (`Config_DLCSkin…Available_…` of capture 02.)
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DlcSkins {
    /// Steam.
    pub steam: [bool; 6],
    /// `PlayStation` 4, Europe.
    pub ps4_scee: [bool; 6],
    /// `PlayStation` 4, America.
    pub ps4_scea: [bool; 6],
    /// Xbox One.
    pub xbox_one: [bool; 6],
}

impl DlcSkins {
    /// Returns every platform by the game's name of it, in the order of capture 02.
    pub(super) const fn platforms(&self) -> [(&'static str, &[bool; 6]); 4] {
        [
            ("Steam", &self.steam),
            ("PS4_SCEE", &self.ps4_scee),
            ("PS4_SCEA", &self.ps4_scea),
            ("XboxOne", &self.xbox_one),
        ]
    }
}
