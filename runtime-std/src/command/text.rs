//! Text for people.

use textwrap::{Options, WordSplitter};

/// Wraps `text` into lines of at most 80 columns, the width of old consoles, each after `indent` and with a line end.
pub(crate) fn wrap(text: &str, indent: &str) -> String {
    // A name such as `max-connections` stays in one piece.
    let options = Options::new(80).word_splitter(WordSplitter::NoHyphenation).break_words(false);
    textwrap::fill(text, options.initial_indent(indent).subsequent_indent(indent)) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words() {
        let text = "word ".repeat(60);
        let wrapped = wrap(&text, "# ");
        assert!(wrapped.lines().all(|line| line.starts_with("# word") && line.len() <= 80), "{wrapped}");
        assert_eq!(wrapped.matches("word").count(), 60);
        assert_eq!(wrapped.lines().count(), 4);
    }
}
