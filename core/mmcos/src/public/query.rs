use alloc::{string::String, vec::Vec};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Parameters of a query, decoded.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Parses a query in the form that browsers send. Parameters without `=` are ignored.
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    /// Returns the first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Text that is looked for in names, whatever their case, accents and fonts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needle(String);

impl Needle {
    pub(crate) fn new(text: &str) -> Self {
        Self(folded(text.trim()))
    }

    /// Returns the text, folded.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if the name contains the text.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        if name.is_ascii() {
            // Without an allocation for each of possibly many thousand names.
            let parts = name.as_bytes().windows(self.0.len());
            return parts.into_iter().any(|part| part.eq_ignore_ascii_case(self.0.as_bytes()));
        }
        folded(name).contains(&self.0)
    }
}

/// Returns a text in lower case, without accents, and with letters of other fonts as plain ones.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let plain = text.nfkd().filter(|character| !is_combining_mark(*character));
    for character in plain.flat_map(char::to_lowercase) {
        match character {
            // Letters that Unicode does not decompose.
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            other => folded.push(other),
        }
    }
    folded
}

/// Returns a value of a query with its percent-encoding decoded.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.split_at_checked(2).filter(|_| *first == b'%').and_then(|(digits, after)| {
            let digits = core::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = escaped.unwrap_or((if *first == b'+' { b' ' } else { *first }, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let table = [
            ("a+b", "a b"),
            ("%3Cimg%3E", "<img>"),
            ("%C3%A4", "ä"),
            ("100%", "100%"),
            ("%zz", "%zz"),
            ("%FF", "\u{fffd}"),
        ];
        for (value, expected) in table {
            assert_eq!(decoded(value), expected);
        }
        let query = Query::parse(Some("a=1&b&c=%26&a=2"));
        assert_eq!((query.get("a"), query.get("b"), query.get("c")), (Some("1"), None, Some("&")));
    }

    #[test]
    fn parts_of_names_are_found_whatever_their_case_accents_and_fonts() {
        let table = [
            ("Zoë RACER", "racer", true),
            ("Zoë", "ZOË", true),
            ("ZOË", " oe ", true),
            ("Zoe", "zoë", true),
            ("Çağrı", "cagri", true),
            ("Øystein Łukasz", "oystein lukasz", true),
            ("Groß", "GROSS", true),
            ("𝓡𝓪𝓬𝓮𝓻 ﬁrst", "racer first", true),
            ("Ｒacer", "racer", true),
            ("Racer", "ρacer", false),
            ("", "a", false),
            ("Ann", "", true),
        ];
        for (name, text, expected) in table {
            assert_eq!(Needle::new(text).is_in(name), expected, "{name} {text}");
        }
    }
}
