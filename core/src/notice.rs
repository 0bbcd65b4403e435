//! News from a game for people outside it, such as its players' friends. A host sends it to a webhook.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// News for people outside the game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The news as plain text. Names in it have gone through [`plain_name`].
    pub text: String,
    /// The same news for programs: values with their names.
    pub fields: Vec<(&'static str, Value)>,
    /// Relation to other news.
    pub topic: Topic,
}

/// Relation of a notice to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// News that stands alone, and is always sent.
    News,
    /// A call to friends, with its number. A host leaves it out if there was a call a short time ago.
    Call(u32),
    /// News of a call that is out. It takes the place of earlier news where the receiver can change a message. A host
    /// leaves it out if it has left out the call.
    Update {
        /// Number of the call.
        call: u32,
        /// State of the call.
        state: CallState,
    },
}

/// State of a call to friends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Friends can still come.
    Out,
    /// Friends have come: the call was worth the message.
    Met,
    /// The call is over, and no friend has come.
    Over,
}

/// A value for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, as it is.
    Text(String),
    /// A number.
    Number(u32),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

/// Returns a name without characters that a chat could interpret: mentions, links, markup, and characters that hide
/// or turn the text around them. Returns `Somebody` if nothing is left.
///
/// ```
/// use mmcos_core::notice::plain_name;
/// assert_eq!(plain_name("@everyone"), "everyone");
/// assert_eq!(plain_name("<>"), "Somebody");
/// ```
pub fn plain_name(name: &str) -> String {
    let hidden = [
        '\u{200B}'..='\u{200F}',
        '\u{2028}'..='\u{202E}',
        '\u{2060}'..='\u{206F}',
        '\u{E0000}'..='\u{E0FFF}',
    ];
    let hides = |c: char| c == '\u{FEFF}' || hidden.iter().any(|range| range.contains(&c));
    let harmless = |c: &char| *c == '-' || !(c.is_ascii_punctuation() || c.is_control() || hides(*c));
    let name: String = name.chars().filter(harmless).collect();
    match name.trim() {
        "" => "Somebody".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup_mention_or_link() {
        for (name, shown) in [
            ("@everyone", "everyone"),
            ("<@&123>", "123"),
            ("<!channel>", "channel"),
            ("[x](https://evil.example)", "xhttpsevilexample"),
            ("**a**_b_`c`~d~|e|", "abcde"),
            ("\u{202E}abc\u{200B}\u{2066}", "abc"),
            ("Zoë-Łukasz 赛车 ★", "Zoë-Łukasz 赛车 ★"),
            ("<>", "Somebody"),
            ("\",\"content\":\"x", "contentx"),
        ] {
            assert_eq!(plain_name(name), shown);
        }
    }
}
