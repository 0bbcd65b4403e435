//! The manual page, in roff.

use std::fmt::Write as _;

use mmcos_core::info::Info;

use super::{admin, cli};
use crate::config::Keys;

/// Returns the manual page of the program.
pub(crate) fn page(info: &Info, keys: Keys) -> String {
    let (name, title) = (info.name, info.title);
    let mut page = format!(
        ".TH {} 1 \"\" \"{}\" \"User Commands\"\n.SH NAME\n{name} \\- server for the online services of {}\n\
         .SH SYNOPSIS\n.B {name}\n[\\fICOMMAND\\fR] [\\fB\\-\\-KEY\\fR \\fIVALUE\\fR]...\n\
         .SH DESCRIPTION\n{}\n",
        name.to_uppercase(),
        escaped(&info.program()),
        escaped(title),
        escaped(if info.page.about.is_empty() { title } else { info.page.about }),
    );
    if !info.guide.is_empty() {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(page, ".PP\n{} explains how to run it.", escaped(info.guide));
    }
    let mut section = |head: &str, about: &str, entries: Vec<(String, String)>| {
        let _ = writeln!(page, ".SH {head}");
        if !about.is_empty() {
            let _ = writeln!(page, "{}", escaped(about));
        }
        for (usage, about) in entries {
            let _ = writeln!(page, ".TP\n.B {}\n{}", escaped(&usage), escaped(&about));
        }
    };
    let commands = cli::commands(info).into_iter().map(|(usage, about)| (usage, about.to_owned()));
    section("COMMANDS", "", commands.collect());
    let operators = admin::commands(info);
    if !operators.is_empty() {
        let about = format!(
            "Each is `{name} admin COMMAND`, for the running server. --json prints the response as it is."
        );
        let entries = operators.iter().map(|command| (command.usage(), command.about.clone()));
        section("COMMANDS OF OPERATORS", &about, entries.collect());
    }
    section("OPTIONS", "", cli::options(keys));
    let files = [
        (format!("/etc/{name}/{}", keys.file_name()), "Settings of the service of the Debian package."),
        (format!("/var/lib/{name}"), "Data of that service."),
    ];
    section("FILES", "", files.map(|(file, about)| (file, about.to_owned())).into());
    let statuses =
        [("0", "The command was carried out."), ("1", "It was not; standard error has the reason.")];
    section("EXIT STATUS", "", statuses.map(|(status, about)| (status.to_owned(), about.to_owned())).into());
    page
}

/// Returns a text of one line without what roff would take for its own.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace(['\n', '\r'], " ");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roff_reads_texts_as_they_are() {
        assert_eq!(escaped(".a\\b --c\n"), "\\&.a\\eb \\-\\-c ");
    }
}
