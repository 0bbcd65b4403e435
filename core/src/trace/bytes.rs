//! Escapes bytes as printable ASCII, and reverses it.

use alloc::vec::Vec;
use core::fmt;

pub(super) struct Escaped<'a>(pub(super) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in self.0.chunk_by(|one, next| is_plain(*one) && is_plain(*next)) {
            match run {
                b"\\" => f.write_str("\\\\")?,
                b"\r" => f.write_str("\\r")?,
                b"\n" => f.write_str("\\n")?,
                b"\t" => f.write_str("\\t")?,
                [byte] if !is_plain(*byte) => write!(f, "\\x{byte:02x}")?,
                plain => f.write_str(str::from_utf8(plain).unwrap_or_default())?,
            }
        }
        Ok(())
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\'
}

/// Decodes the text of an [`Escaped`]. Returns `None` at an escape that it does not write.
pub(super) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'\\' => b'\\',
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
                }
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_stays_readable() {
        assert_eq!(Escaped("<a b=\"ä\\\">\r\n".as_bytes()).to_string(), r#"<a b="\xc3\xa4\\">\r\n"#);
        assert_eq!(unescape(r"\q"), None);
        assert_eq!(unescape(r"\x0"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>) {
            let text = Escaped(&bytes).to_string();
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(unescape(&text), Some(bytes));
        }
    }
}
