use alloc::string::String;
use core::fmt;

use smol_str::SmolStr;

/// Characters of the longest name: Steam's own limit for a persona name.
const NAME_CHARS: usize = 32;
/// Characters of the longest title. (Our choice; the longest of capture 11 has 32.)
const TITLE_CHARS: usize = 64;
/// Title that the game sends as `DefaultTitle`. (Capture 02.)
const DEFAULT_TITLE: &str = "lng_player_title_default";

/// A player's name, fit to be shown anywhere: 1 to 32 visible characters that do not affect the text around them.
/// Every name goes through this normalisation, at a login as well as after a restart.
///
/// ```
/// use mmcos_game::players::Name;
/// assert_eq!(Name::new(" Racer\u{7}01 ").as_str(), "Racer01");
/// assert_eq!(Name::new("\u{202e}01recaR\u{200b}").as_str(), "01recaR");
/// assert_eq!(Name::new("\u{2800}").as_str(), "Player");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "String")]
pub struct Name(SmolStr);

impl Name {
    /// Makes a name from any text. Control characters, marks that change the direction of text, and
    /// invisible characters are left out; every kind of space becomes a plain one; a name that is too long is cut;
    /// and if nothing is left, the name is `Player`. (Our choice: a player with an odd name should still play.)
    pub fn new(text: &str) -> Self {
        let shown = text.chars().filter(|character| !is_hidden(*character));
        let plain = shown.map(|character| if character.is_whitespace() { ' ' } else { character });
        let name: String = plain.skip_while(|character| *character == ' ').take(NAME_CHARS).collect();
        match name.trim_end() {
            "" => Self("Player".into()),
            name => Self(name.into()),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns true if a character is not visible: it controls something (the direction of text included), has no width,
/// or has a meaning to some programs only. The ranges are those of Unicode 17: Cc, Cf, Zl, Zp, Co, noncharacters, and
/// `Default_Ignorable_Code_Point`; and two that are blank in every font.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Soft hyphen, joiner of graphemes, marks of Arabic and Syriac numbers.
            '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}'..='\u{891}' | '\u{8E2}'
            // Fillers of Hangul, vowels of Khmer that are not written, selectors of Mongolian.
            | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{3164}' | '\u{FFA0}'
            // Zero width, direction, separators of lines and paragraphs, invisible operators, isolates.
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            // A pattern of Braille without dots.
            | '\u{2800}'
            // Private use, selectors of variations, byte order mark, specials but for U+FFFD.
            | '\u{E000}'..='\u{F8FF}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFC}'
            // Marks of Kaithi, hieroglyphs, shorthand and music.
            | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            // Tags and selectors; private use.
            | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..
        )
        // The last two code points of every plane are noncharacters.
        || character as u32 & 0xFFFE == 0xFFFE
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The title under a player's name, as the name of a text of the game: 1 to 64 of `a` to `z`, `0` to `9`, `_`.
/// (Form: captures 10 and 11.)
///
/// ```
/// use mmcos_game::players::Title;
/// assert_eq!(Title::default().as_str(), "lng_player_title_default");
/// assert_eq!(Title::parse("lng_player_title_elite").unwrap().as_str(), "lng_player_title_elite");
/// assert!(Title::parse("<b>").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Title(SmolStr);

/// Reason why a text is not a [`Title`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TitleError {
    /// Empty or too long.
    #[error("a title has 1 to 64 characters, this one {found}")]
    Length {
        /// Its length, in bytes.
        found: usize,
    },
    /// A character that no title has.
    #[error("a title is made of a to z, 0 to 9 and _, this one has {found:?} at byte {at}")]
    Character {
        /// The character.
        found: char,
        /// Its position, in bytes.
        at: usize,
    },
}

impl Title {
    /// Parses a title as the game sends it.
    ///
    /// # Errors
    /// [`TitleError`] if the text is not a title.
    pub fn parse(text: &str) -> Result<Self, TitleError> {
        if !(1..=TITLE_CHARS).contains(&text.len()) {
            return Err(TitleError::Length { found: text.len() });
        }
        match text.char_indices().find(|(_, c)| !matches!(c, 'a'..='z' | '0'..='9' | '_')) {
            Some((at, found)) => Err(TitleError::Character { found, at }),
            None => Ok(Self(text.into())),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Title {
    type Error = TitleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl Default for Title {
    fn default() -> Self {
        Self(SmolStr::new_static(DEFAULT_TITLE))
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A player's level, 0 to 999, as the game says: the server cannot check it, hence `UntrustedLevel`. (Up to 50 seen,
/// capture 11; the bound is our choice.)
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(from = "i64")]
pub struct Level(u16);

impl Level {
    /// Returns the level nearest to the reported number.
    pub fn nearest(said: i64) -> Self {
        Self(bounded(said))
    }

    /// Returns the number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<i64> for Level {
    fn from(said: i64) -> Self {
        Self::nearest(said)
    }
}

/// Number of times that a player began again from level 0, 0 to 999, as the game says. (Up to 11 seen, capture 11;
/// the bound is our choice.)
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(from = "i64")]
pub struct Prestige(u16);

impl Prestige {
    /// Returns the prestige nearest to the reported number.
    pub fn nearest(said: i64) -> Self {
        Self(bounded(said))
    }

    /// Returns the number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<i64> for Prestige {
    fn from(said: i64) -> Self {
        Self::nearest(said)
    }
}

fn bounded(said: i64) -> u16 {
    u16::try_from(said.clamp(0, 999)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_made_fit_to_show() {
        let table = [
            ("Racer01", "Racer01"),
            ("  two words\r\n", "two words"),
            ("a\u{0}b\u{1b}c\u{85}d\u{FFFE}\u{FFFF}", "abcd"),
            ("\u{7} \u{7}", "Player"),
            ("Zoë 🏎", "Zoë 🏎"),
            ("<&>\"'", "<&>\"'"),
            ("\u{202E}evil\u{2066}x\u{2069}\u{200F}\u{61C}", "evilx"),
            ("\u{200B}\u{200D}\u{2060}\u{FEFF}\u{3164}\u{2800}\u{115F}", "Player"),
            ("a\u{2028}b\u{2029}c\u{A0}d\u{3000}e\u{1F}f", "abc d ef"),
            ("\u{E0041}\u{E0001}\u{E000}\u{10FFFD}\u{FDD0}\u{1FFFE}ok\u{FFFD}", "ok\u{FFFD}"),
            ("\u{3000}\u{202F} ", "Player"),
            ("שלום", "שלום"),
        ];
        for (text, name) in table {
            assert_eq!(Name::new(text).as_str(), name);
        }
        assert_eq!(Name::new(&"🏎".repeat(40)).as_str(), "🏎".repeat(32));
    }

    #[test]
    fn titles_that_are_refused() {
        let long = "x".repeat(65);
        let table = [
            ("", TitleError::Length { found: 0 }),
            (long.as_str(), TitleError::Length { found: 65 }),
            ("Title", TitleError::Character { found: 'T', at: 0 }),
            ("a b", TitleError::Character { found: ' ', at: 1 }),
            ("ü", TitleError::Character { found: 'ü', at: 0 }),
        ];
        for (text, error) in table {
            assert_eq!(Title::parse(text), Err(error));
        }
        assert!(Title::parse(&"x".repeat(64)).is_ok());
        assert_eq!(Title::parse(DEFAULT_TITLE), Ok(Title::default()));
    }

    #[test]
    fn levels_are_bounded() {
        for (said, level) in
            [(i64::MIN, 0), (-1, 0), (0, 0), (50, 50), (999, 999), (1000, 999), (i64::MAX, 999)]
        {
            assert_eq!((Level::nearest(said).get(), Prestige::nearest(said).get()), (level, level));
        }
    }

    proptest! {
        #[test]
        fn a_name_has_1_to_32_characters_to_show_and_is_its_own_name(text in any::<String>()) {
            let name = Name::new(&text);
            prop_assert!((1..=32).contains(&name.as_str().chars().count()));
            prop_assert!(!name.as_str().chars().any(char::is_control));
            prop_assert_eq!(Name::new(&name.to_string()), name);
        }

        #[test]
        fn any_title_taken_is_kept_as_it_is(text in "[a-z0-9_]{1,64}") {
            prop_assert_eq!(Title::parse(&text).unwrap().to_string(), text);
        }
    }
}
