//! The rules of style that a machine can see, for the whole repository (docs/CONTRIBUTING.md). This prints the counts:
//!
//!     cargo test -p mmcos-core --test tidy -- --nocapture
//!
//! A limit is the count on the day that it was set. Lower it when the count is lower; never raise it.
#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "a test: a panic is its failure")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

const MAX_OPENINGS: usize = 3;
const MAX_NAMES: usize = 0;
const MAX_LONG_RUST: usize = 57;
const MAX_LONG_PROSE: usize = 0;
const MAX_LARGE_FILES: usize = 0;
const MAX_CROWDED: usize = 0;
/// Limits for 1,000 lines of doc comments, and of Markdown.
const MAX_PRONOUNS: [usize; 2] = [2, 4];
/// Minimum number of comments inside functions in 1,000 lines of a folder.
const MIN_COMMENTS: [(&str, usize); 4] = [
    ("core/src/engine/", 40),
    ("core/src/wire/", 40),
    ("core/mmcos/src/domain/matchmaker/", 40),
    ("runtime-std/src/store/", 40),
];

/// Openings of doc comments that are neither a noun phrase nor a verb of the field.
const OPENINGS: &[&str] = &[
    "Who", "Whom", "Whose", "Whoever", "What", "Whatever", "Whether", "Which", "Where", "When", "Why", "How",
    "Has", "Have", "Lets", "Gives", "Somebody", "Nobody",
];

/// Words that stand where an actor should be named.
const PRONOUNS: &[&str] = &["who", "whom", "somebody", "nobody"];

/// Words that the glossary replaces, alone or as part of a public name.
const REPLACED: &str = "\
    answer answered answers ask asked asks books carry claim claims door doors enough farewell look looks \
    nobody obey obeys objection order orders search searches somebody told unread who whom";

/// Maximum length of a line, in characters.
const RUST_LINE: usize = 120;
const PROSE_LINE: usize = 140;
/// Maximum length of a Rust file, in lines.
const FILE_LINES: usize = 500;
/// Maximum number of files of one kind in a folder.
const FOLDER_FILES: usize = 15;

struct Source {
    /// Path from the root of the repository.
    path: String,
    text: String,
}

#[test]
fn the_style() {
    let (rust, pages) = (sources("rs"), sources("md"));
    let mut failures = String::new();
    let mut at_most = |limit: usize, what: &str, found: &[String]| {
        println!("{:>6}  at most {limit:<6}{what}", found.len());
        if found.len() > limit {
            writeln!(failures, "{what}: {}, not {limit}:\n{}\n", found.len(), found.join("\n")).unwrap();
        }
    };
    at_most(MAX_OPENINGS, "doc comments that open with Who, What, Whether, …", &places(&rust, openings));
    at_most(MAX_NAMES, "public names with a word that the glossary replaces", &places(&rust, replaced_names));
    at_most(MAX_LONG_RUST, "lines of Rust that are too long", &places(&rust, |text| long(text, RUST_LINE)));
    at_most(
        MAX_LONG_PROSE,
        "lines of Markdown that are too long",
        &places(&pages, |text| long(text, PROSE_LINE)),
    );
    at_most(MAX_LARGE_FILES, "files that are too long", &large(&rust));
    at_most(MAX_CROWDED, "folders with too many files of one kind", &crowded(&[&rust, &pages]));

    println!(
        "{:>6}  doc comments in all",
        rust.iter().map(|source| comment_starts(&source.text).count()).sum::<usize>()
    );
    let docs = rust.iter().flat_map(|source| source.text.lines()).filter_map(doc);
    let prose = pages.iter().flat_map(|source| source.text.lines());
    let shares = [("doc comments", pronouns(docs)), ("Markdown", pronouns(prose))];
    for ((kind, share), limit) in shares.into_iter().zip(MAX_PRONOUNS) {
        let what = format!("who, whom, somebody, nobody in 1,000 lines of {kind}");
        println!("{share:>6}  at most {limit:<6}{what}");
        if share > limit {
            writeln!(failures, "{what}: {share}, not {limit}\n").unwrap();
        }
    }
    for (folder, limit) in MIN_COMMENTS {
        let share = comments(rust.iter().filter(|source| source.path.starts_with(folder)));
        println!("{share:>6}  at least {limit:<5}comments inside functions in 1,000 lines of {folder}");
        if share < limit {
            writeln!(
                failures,
                "comments inside functions of {folder}: {share} in 1,000 lines, not {limit}\n"
            )
            .unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn links_lead_somewhere() {
    let broken = sources("md").iter().flat_map(broken_links).collect::<Vec<_>>();
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn decisions_are_in_the_index() {
    let sources: Vec<_> = ["md", "rs", "toml"].into_iter().flat_map(sources).collect();
    let faults = decisions(&sources);
    assert!(faults.is_empty(), "docs/decisions/README.md:\n{}", faults.join("\n"));
}

#[test]
fn these_checks_can_fail() {
    let code = "/// What is kept.\n/// Who reads it.\npub enum Ask {\n    /// Returns.\n    Search(u8),\n}\n\
                pub struct Row {\n    pub is_enough: bool,\n    orders: u8,\n}\npub const fn reorder() {}\n\
                fn f() {\n    let a = 1; // why\n\n    // why\n}\n#[cfg(test)]\n    // not\n";
    assert_eq!(openings(code), [(1, "What".to_owned())]);
    assert_eq!(
        replaced_names(code).into_iter().map(|(_, name)| name).collect::<Vec<_>>(),
        ["Ask", "Search", "is_enough"]
    );
    assert_eq!(long("ab\nabc\n| abc", 2), [(2, "3 characters".to_owned())]);
    assert_eq!(pronouns(["Nobody's; who", "whole"].into_iter()), 1000);

    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let at = |folder: &str| source(&format!("{folder}/a.rs"), code);
    assert_eq!(comments([&at("src"), &at("tests")].into_iter()), 1000 * 2 / 15);
    assert_eq!(large(&[source("a", &"\n".repeat(501)), source("b", "")]), ["a: 501 lines"]);
    let many: Vec<_> = (0..16).map(|number| source(&format!("a/{number}.rs"), "")).collect();
    assert_eq!(crowded(&[&many, &many[1..]]), ["a: 16 files"]);

    let page =
        "[a](tidy.rs) [b](none.md) [c](#a-b-c)\n```\n[d](none)\n```\n# A `b`, c\n[e](https://none) [f](#f)";
    assert_eq!(
        broken_links(&source("core/tests/a.md", page)),
        ["core/tests/a.md: none.md", "core/tests/a.md: #f"]
    );

    let mention = concat!("// decision", " 0004; [decision", " 2](a), decision", " 1\n");
    let files = [
        source(
            "docs/decisions/README.md",
            "| 1 | [A](a/0001-a.md) | |\n| 3 | [C](a/0003-c.md) | |\n| 2 | B | 1 |\n",
        ),
        source("docs/decisions/a/0001-a.md", "# 1. A\n"),
        source("docs/decisions/a/0003-c.md", "# 3. D\n"),
        source("docs/decisions/0005-e.md", "# 5. E\n"),
        source("a.rs", mention),
    ];
    assert_eq!(
        decisions(&files),
        [
            "missing: | 3 | [D](a/0003-c.md) |",
            "missing: | 5 | [E](0005-e.md) |",
            concat!("a.rs: decision", " 4 does not exist"),
            concat!("a.rs: decision", " 2 was merged into 1"),
        ]
    );
}

/// Returns all files with this extension, in the order of their paths.
fn sources(extension: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                // Skip Git's files, and the output of a build or a server.
                let is_ours = !name.starts_with('.') && name != "target" && !name.ends_with("-data");
                folders.extend((is_ours || name == ".github").then_some(path));
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source {
                    path: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
                    text,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Returns the findings of a check, with file and line.
fn places(sources: &[Source], check: impl Fn(&str) -> Vec<(usize, String)>) -> Vec<String> {
    let of = |source: &Source| {
        check(&source.text)
            .into_iter()
            .map(|(line, text)| format!("{}:{line}: {text}", source.path))
            .collect()
    };
    sources.iter().flat_map::<Vec<_>, _>(of).collect()
}

/// Returns the text of a line that is a doc comment.
fn doc(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

/// Returns the first line of each doc comment, with its number.
fn comment_starts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    (1..).zip(text.lines().map(doc)).filter_map(move |(number, doc)| {
        let starts = doc.is_some() && !inside;
        inside = doc.is_some();
        Some((number, doc?)).filter(|_| starts)
    })
}

fn openings(text: &str) -> Vec<(usize, String)> {
    let first = |doc: &str| {
        doc.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_owned()
    };
    let firsts = comment_starts(text).map(|(number, doc)| (number, first(doc)));
    firsts.filter(|(_, first)| OPENINGS.contains(&first.as_str())).collect()
}

/// Returns public names with a word of `REPLACED`, including those of a public enum's variants and a public trait's
/// methods.
fn replaced_names(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut block) = (Vec::new(), None);
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        block = block.filter(|(end, _)| indent > *end || code != "}");
        let name = match block {
            Some((end, kind)) if indent == end + 4 && code.starts_with(kind) => name(code),
            _ => code.strip_prefix("pub ").and_then(name),
        };
        if line.ends_with('{') && code.starts_with("pub enum") {
            block = Some((indent, char::is_uppercase as fn(char) -> bool));
        } else if line.ends_with('{') && code.starts_with("pub trait") {
            block = Some((indent, |c| c == 'f'));
        }
        let replaced = name.filter(|name| {
            words(name).iter().any(|word| REPLACED.split_whitespace().any(|replaced| replaced == word))
        });
        found.extend(replaced.map(|name| (number, name.to_owned())));
    }
    found
}

/// Returns the name in a declaration.
fn name(code: &str) -> Option<&str> {
    const KEYWORDS: &[&str] =
        &["async", "const", "enum", "fn", "mod", "static", "struct", "trait", "type", "unsafe"];
    let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.find(|word| !KEYWORDS.contains(word)).filter(|word| *word != "use")
}

/// Splits a name in either case into words: `is_enough`, `LoginThrottle`.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut last) = (vec![String::new()], '_');
    for c in name.chars() {
        if c == '_' || c.is_uppercase() && last.is_lowercase() {
            words.push(String::new());
        }
        words.last_mut().unwrap().extend(c.to_lowercase().filter(|c| *c != '_'));
        last = c;
    }
    words
}

/// Returns lines over a length. Rows of Markdown tables cannot be broken.
fn long(text: &str, limit: usize) -> Vec<(usize, String)> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('|'));
    let lengths = lines.map(|(number, line)| (number, line.chars().count()));
    lengths
        .filter(|(_, length)| *length > limit)
        .map(|(number, length)| (number, format!("{length} characters")))
        .collect()
}

fn large(sources: &[Source]) -> Vec<String> {
    let lengths = sources.iter().map(|source| (&source.path, source.text.lines().count()));
    lengths
        .filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect()
}

fn crowded(kinds: &[&[Source]]) -> Vec<String> {
    let mut found = Vec::new();
    for sources in kinds {
        let mut folders: BTreeMap<_, usize> = BTreeMap::new();
        for source in *sources {
            *folders.entry(source.path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
        }
        let crowded = folders.into_iter().filter(|(_, files)| *files > FOLDER_FILES);
        found.extend(crowded.map(|(folder, files)| format!("{folder}: {files} files")));
    }
    found
}

/// Returns the number of `PRONOUNS` in 1,000 of these lines.
fn pronouns<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let (mut total, mut found) = (0, 0);
    for line in lines {
        let words = line.split(|c: char| !c.is_alphabetic());
        found += words.filter(|word| PRONOUNS.contains(&word.to_lowercase().as_str())).count();
        total += 1;
    }
    found * 1000 / total
}

/// Returns the number of comments inside functions (whole lines and ends of lines) in 1,000 non-empty lines of the
/// product.
fn comments<'a>(sources: impl Iterator<Item = &'a Source>) -> usize {
    let product = sources.filter(|source| !source.path.contains("tests"));
    let (mut total, mut found) = (0, 0);
    for line in product.flat_map(|source| source.text.lines().take_while(|line| *line != "#[cfg(test)]")) {
        let is_comment = line.starts_with("    ") && doc(line).is_none() && line.contains(" // ");
        found += usize::from(is_comment);
        total += usize::from(!line.trim().is_empty());
    }
    found * 1000 / total
}

/// Returns relative links to a missing file or heading.
fn broken_links(page: &Source) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let is_broken = |link: &&str| {
        let (path, heading) = link.split_once('#').unwrap_or((link, ""));
        let file = root.join(&page.path).with_file_name(path);
        let text =
            if path.is_empty() { page.text.clone() } else { fs::read_to_string(&file).unwrap_or_default() };
        let headings: BTreeSet<_> =
            outside_of_code(&text).filter(|line| line.starts_with('#')).map(anchor).collect();
        !path.is_empty() && !file.exists() || !heading.is_empty() && !headings.contains(heading)
    };
    let ends = outside_of_code(&page.text).flat_map(|line| line.split("](").skip(1));
    let links = ends.filter_map(|end| end.split(')').next()).filter(|link| !link.contains(':'));
    links.filter(is_broken).map(|link| format!("{}: {link}", page.path)).collect()
}

fn outside_of_code(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n```").step_by(2).flat_map(str::lines)
}

/// Returns the anchor of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns decisions without a row in the index, and mentions of missing decisions.
fn decisions(sources: &[Source]) -> Vec<String> {
    const FOLDER: &str = "docs/decisions/";
    let index = &sources.iter().find(|source| source.path == format!("{FOLDER}README.md")).unwrap().text;
    let (mut faults, mut known) = (Vec::new(), BTreeSet::new());
    for source in sources {
        let Some(path) = source.path.strip_prefix(FOLDER).filter(|path| *path != "README.md") else {
            continue;
        };
        let (number, title) =
            source.text.lines().next().unwrap_or_default().split_once(". ").unwrap_or_default();
        let number: usize = number.trim_start_matches("# ").parse().unwrap_or_default();
        let row = format!("| {number} | [{title}]({path}) |");
        let is_named = path.contains(&format!("{number:04}-")) && known.insert(number);
        faults.extend(
            (!is_named).then(|| format!("{path}: its heading has another number, or another file has it")),
        );
        faults.extend((!index.contains(&row)).then(|| format!("missing: {row}")));
    }
    for source in sources.iter().filter(|source| !source.path.ends_with(concat!("decisions", "/README.md"))) {
        for number in mentions(&source.text).filter(|number| !known.contains(number)) {
            let row = index.lines().find(|line| line.starts_with(&format!("| {number} |")));
            let fate = row.and_then(|row| row.trim_end_matches(['|', ' ']).rsplit(' ').next());
            let fate =
                fate.map_or("does not exist".to_owned(), |successor| format!("was merged into {successor}"));
            faults.push(format!("{}: decision {number} {fate}", source.path));
        }
    }
    faults
}

/// Returns the numbers after the word *decision*.
fn mentions(text: &str) -> impl Iterator<Item = usize> {
    let ends =
        text.split("decision").skip(1).map(|end| end.trim_start_matches(['s', ' ', '\n', '/', '!', '[']));
    ends.filter_map(|end| end.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}
