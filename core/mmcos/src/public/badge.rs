use alloc::{format, string::String};

use maud::html;

use super::view::Searching;

/// Average width of a character, in pixels, at the badge's size. An estimate: the font is the visitor's.
const CHARACTER: usize = 7;

/// Returns an image with the number of players that search for a mode, or for any.
pub(super) fn svg(searching: &[Searching], mode: Option<&str>) -> String {
    let found = searching.iter().filter(|row| mode.is_none_or(|mode| row.mode.eq_ignore_ascii_case(mode)));
    let (players, rows) = found.clone().fold((0_u32, 0), |(players, rows), row| {
        (players.saturating_add(row.players), usize::saturating_add(rows, 1))
    });
    // With one mode, its name: as it is known here, since anything can stand in a link.
    let only = found.clone().next().filter(|_| rows == 1).map(|row| row.mode.as_str());
    let text = match (players, only) {
        (0, _) => "nobody is searching".into(),
        (_, Some(mode)) => format!("{players} searching {mode}"),
        (_, None) => format!("{players} searching"),
    };
    let [left, right] = ["Micro Machines", &text]
        .map(|text| text.chars().count().saturating_mul(CHARACTER).saturating_add(16));
    let width = left.saturating_add(right);
    let back = if players == 0 { "#667067" } else { "#0b6e4f" };
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height="22" role="img" aria-label=(text) {
            rect width=(left) height="22" fill="#2b302d" {}
            rect x=(left) width=(right) height="22" fill=(back) {}
            g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="12" {
                text x="8" y="15" { "Micro Machines" }
                text x=(left.saturating_add(8)) y="15" { (text) }
            }
        }
    };
    svg.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_badge_counts_one_mode_or_all() {
        let row = |mode: &str, players| Searching { mode: mode.into(), players, since: 0 };
        let rows = [row("QuickRace", 3), row("<b>", 2)];
        let has = |mode, text: &str| svg(&rows, mode).contains(text);
        assert!(has(None, ">5 searching<") && has(Some("quickrace"), ">3 searching QuickRace<"));
        assert!(has(Some("<b>"), ">2 searching &lt;b&gt;<") && has(Some("x<y"), ">nobody is searching<"));
    }
}
