use core::fmt;

use mmcos_core::wire::steam::SteamId;

/// The account's number that the game shows to its player: 13 characters A–Z and 0–9, constant and unique. (Form:
/// capture 02. The official rule is unknown; ours scrambles the `SteamID64` without loss and writes it in base 36,
/// whose 13 digits hold any 64 bits.)
///
/// ```
/// use mmcos_game::players::UserFacingId;
/// use mmcos_core::wire::steam::SteamId;
/// assert_eq!(UserFacingId::of(SteamId::new(76_561_202_255_230_001)).as_str(), "03S5103UJ7OUW");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserFacingId([u8; 13]);

impl UserFacingId {
    /// Returns the id of a Steam account.
    pub fn of(steam_id: SteamId) -> Self {
        let mut rest = scramble(steam_id.get());
        let mut text = [b'0'; 13];
        for digit in text.iter_mut().rev() {
            *digit = base_36(rest % 36);
            rest /= 36;
        }
        Self(text)
    }

    /// Returns the text, 13 characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for UserFacingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for UserFacingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Scrambles ids so that consecutive ones look unlike. Each step can be undone, so no two accounts get the same.
const fn scramble(id: u64) -> u64 {
    let folded = id ^ (id >> 32);
    let spread = folded.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let folded = spread ^ (spread >> 29);
    let spread = folded.wrapping_mul(0xD1B5_4A32_D192_ED03);
    spread ^ (spread >> 32)
}

fn base_36(digit: u64) -> u8 {
    let digit = u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 36));
    digit.map_or(b'0', |digit| digit.to_ascii_uppercase() as u8)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_id_has_13_upper_case_letters_or_digits_and_can_be_told_from_them(id in any::<u64>()) {
            let text = UserFacingId::of(SteamId::new(id));
            prop_assert!(text.as_str().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            prop_assert_eq!(text.as_str().len(), 13);
            prop_assert_eq!(u64::from_str_radix(text.as_str(), 36), Ok(scramble(id)));
        }
    }

    #[test]
    fn neighbours_differ() {
        let ids = (0..10_000).map(|n| UserFacingId::of(SteamId::new(76_561_202_255_230_001 + n)));
        assert_eq!(ids.clone().collect::<BTreeSet<_>>().len(), 10_000);
        let first_halves: BTreeSet<_> = ids.map(|id| id.0[..6].to_vec()).collect();
        assert!(first_halves.len() > 9_900);
    }
}
