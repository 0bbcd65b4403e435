//! Text for people: wrapping and spelling suggestions.

/// Wraps `text` into lines of at most 100 columns, each after `indent` and with a line end.
pub(crate) fn wrap(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut column = 0_usize;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column.saturating_add(length) < 100 {
            lines.push(' ');
            column = column.saturating_add(1);
        } else {
            lines.push_str(if column > 0 { "\n" } else { "" });
            lines.push_str(indent);
            column = indent.len();
        }
        lines.push_str(word);
        column = column.saturating_add(length);
    }
    lines.push('\n');
    lines
}

/// Returns the number of letters to insert, remove or replace to get from one word to the other (Levenshtein's
/// distance).
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (deleted, letter) in from.chars().enumerate() {
        let mut diagonal = deleted;
        let mut left = deleted.saturating_add(1);
        for (above, other) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal.saturating_add(usize::from(letter != other));
            diagonal = *above;
            left = replaced.min(diagonal.saturating_add(1)).min(left.saturating_add(1));
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = deleted.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words() {
        let text = "word ".repeat(60);
        let wrapped = wrap(&text, "# ");
        assert!(wrapped.lines().all(|line| line.starts_with("# word") && line.len() <= 100), "{wrapped}");
        assert_eq!(wrapped.matches("word").count(), 60);
        assert_eq!(wrapped.lines().count(), 4);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("poll-second", "poll-seconds"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
