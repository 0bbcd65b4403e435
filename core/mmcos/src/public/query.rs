use alloc::{string::String, vec::Vec};

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

/// Returns true if a name contains a text in lower case, whatever the case of the name.
pub(crate) fn contains(name: &str, text: &str) -> bool {
    // Without an allocation for each of possibly many thousand names.
    let starts = |(at, _)| {
        let mut folded = name.get(at..).unwrap_or_default().chars().flat_map(char::to_lowercase);
        text.chars().all(|character| folded.next() == Some(character))
    };
    name.char_indices().any(starts)
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
    fn parts_of_names_are_found_whatever_their_case() {
        let table =
            [("Zoë RACER", "racer", true), ("Zoë", "ZOË", false), ("ZOË", "oë", true), ("", "a", false)];
        for (name, text, expected) in table {
            assert_eq!(contains(name, text), expected, "{name} {text}");
        }
    }
}
