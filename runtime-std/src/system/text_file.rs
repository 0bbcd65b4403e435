//! Files that people edit by hand.

use std::io;
use std::path::Path;

/// Reason why a hand-edited file cannot be read. Its `Display` does not name the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextFileError {
    /// The file is missing or cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is UTF-16, which Notepad calls "Unicode".
    #[error(
        "it is saved as UTF-16 (\"Unicode\"): open it in an editor and save it again with the encoding UTF-8"
    )]
    Utf16,
    /// The file has bytes that are not UTF-8.
    #[error(
        "line {line} is not UTF-8 text: open the file in an editor and save it again with the encoding UTF-8"
    )]
    NotUtf8 {
        /// First line that is not UTF-8, from 1.
        line: usize,
    },
}

/// Reads a file as an editor shows it: without a byte order mark, and with `\n` as the only line end. Keeps blanks:
/// at the end of a line they may belong to a text of several lines.
pub(crate) fn read_text_file(path: &Path) -> Result<String, TextFileError> {
    decode(&std::fs::read(path)?)
}

fn decode(bytes: &[u8]) -> Result<String, TextFileError> {
    // Without a byte order mark, UTF-16 still has a NUL in every second byte of ASCII text.
    let is_utf16 = [[0xFF, 0xFE], [0xFE, 0xFF]].iter().any(|mark| bytes.starts_with(mark));
    if is_utf16 || bytes.iter().take(64).any(|byte| *byte == 0) {
        return Err(TextFileError::Utf16);
    }
    let text =
        std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).map_err(|error| {
            let before = bytes.iter().take(error.valid_up_to());
            TextFileError::NotUtf8 { line: before.filter(|byte| **byte == b'\n').count().saturating_add(1) }
        })?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_editor_leaves_the_same_text() {
        for bytes in [b"a = 1\nb = 2\n".as_slice(), b"\xEF\xBB\xBFa = 1\r\nb = 2\r\n", b"a = 1\rb = 2\r"] {
            assert_eq!(decode(bytes).unwrap(), "a = 1\nb = 2\n");
        }
        assert_eq!(decode("ä \t\r\nb".as_bytes()).unwrap(), "ä \t\nb");
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn other_encodings_are_named() {
        for bytes in [b"\xFF\xFEa\0".as_slice(), b"\xFE\xFF\0a", b"a\0b\0"] {
            assert!(decode(bytes).unwrap_err().to_string().contains("UTF-16"));
        }
        let latin = decode(b"a\nb\nM\xFCller").unwrap_err().to_string();
        assert!(latin.contains("line 3") && latin.contains("UTF-8"), "{latin}");
    }
}
