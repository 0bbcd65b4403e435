/// The script. Its files are parts of one program, in this order.
const SCRIPT: &str = concat!(
    include_str!("page/base.js"),
    include_str!("page/table.js"),
    include_str!("page/list.js"),
    include_str!("page/dialog.js"),
    include_str!("page/views.js"),
    include_str!("page/player.js"),
    include_str!("page/checklist.js"),
    include_str!("page/now.js"),
    include_str!("page/charts.js"),
    include_str!("page/control.js"),
    include_str!("page/main.js"),
);

/// A file of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    /// The HTML page.
    Page,
    /// The style sheet.
    Style,
    /// The script.
    Script,
    /// The icon.
    Icon,
}

impl Asset {
    /// Returns `Content-Type` and contents.
    pub(super) const fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Page => ("text/html; charset=utf-8", include_str!("page/index.html")),
            Self::Style => ("text/css; charset=utf-8", include_str!("page/style.css")),
            Self::Script => ("text/javascript; charset=utf-8", SCRIPT),
            Self::Icon => ("image/svg+xml", include_str!("page/icon.svg")),
        }
    }
}
