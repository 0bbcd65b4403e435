//! Imports recorded traffic into fixtures: `cargo run -p mmcos-core --example import -- flow.har DIR [--keep-secrets]`
//!
//! `flow.har` is an HTTP archive, as mitmproxy (`mitmdump --set hardump=flow.har`) and browsers write it. Each exchange
//! becomes a file `DIR/NNN-NAME.http` that `mmcos_core::testing::Scenario` plays. Fields that name a cookie, an
//! authorization, a session, a ticket or a token are masked unless `--keep-secrets` is given. Bodies are kept as they
//! are: look for names and tickets in them before you share a fixture.

use std::{env, fmt::Write as _, fs, path::Path, process::ExitCode};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Field>,
    post_data: Option<Content>,
    #[serde(default)]
    body_size: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: u16,
    #[serde(default)]
    status_text: String,
    headers: Vec<Field>,
    content: Content,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Content {
    text: Option<String>,
    encoding: Option<String>,
    #[serde(default)]
    size: i64,
}

fn main() -> ExitCode {
    match run() {
        Ok(count) => {
            println!(
                "{count} fixtures; their bodies are as recorded: look for names and tickets before you share them"
            );
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("import: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, String> {
    let (flags, names): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|word| word.starts_with("--"));
    let ([file, folder], true) = (names.as_slice(), flags.iter().all(|flag| flag == "--keep-secrets")) else {
        return Err("give a file and a folder: import flow.har DIR [--keep-secrets]".into());
    };
    let archive = fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let fixtures = fixtures(&archive, !flags.is_empty()).map_err(|message| format!("{file}: {message}"))?;
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {folder}: {error}"))?;
    for (name, text) in &fixtures {
        let path = Path::new(folder).join(name);
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(fixtures.len())
}

/// Returns the names and texts of an archive's fixtures.
pub(crate) fn fixtures(archive: &str, keep_secrets: bool) -> Result<Vec<(String, String)>, String> {
    let archive: Archive =
        serde_json::from_str(&whole_characters(archive)).map_err(|error| error.to_string())?;
    let fixture = |(number, entry): (usize, &Entry)| {
        let text = fixture(entry, keep_secrets).map_err(|message| format!("exchange {number}: {message}"))?;
        Ok((format!("{number:03}-{}.http", name(&entry.request)), text))
    };
    (1..).zip(&archive.log.entries).map(fixture).collect()
}

/// Replaces half surrogate pairs (`\udc80` to `\udcff`), which no Rust string can hold, by U+F780 to U+F7FF, of
/// private use. mitmproxy writes them for bytes that are not text.
fn whole_characters(json: &str) -> String {
    let mut parts = json.split("\\udc");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let before = whole.get(whole.len().saturating_sub(6)..).unwrap_or_default();
        let is_pair = ["\\ud8", "\\ud9", "\\uda", "\\udb"].iter().any(|high| before.starts_with(high));
        whole.push_str(if is_pair { "\\udc" } else { "\\uf7" });
        whole.push_str(part);
    }
    whole
}

/// Returns the function of a remote call if a field names it, else the end of the path.
fn name(request: &Request) -> String {
    let function = request.headers.iter().find(|field| {
        let name = field.name.to_ascii_lowercase();
        name.ends_with("-function") || name == "soapaction"
    });
    let path = request.url.split('?').next().unwrap_or_default().trim_end_matches('/');
    let name = function.map_or(path, |field| &field.value).trim_matches('"').rsplit('/').next();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
    name.unwrap_or_default().chars().take(60).map(plain).collect()
}

fn fixture(entry: &Entry, keep_secrets: bool) -> Result<String, String> {
    let Entry { request, response } = entry;
    let (authority, target) = split(&request.url)?;
    let mut text = format!(
        "# Imported: {} {}\nclient game\n> {} {target} HTTP/1.1\n",
        request.method, authority, request.method
    );
    let body = request.post_data.as_ref().map(|content| bytes(content, request.body_size)).transpose()?;
    let body = body.unwrap_or_default();
    if !request.headers.iter().any(|field| field.name.eq_ignore_ascii_case("host")) {
        line(&mut text, '>', "Host", authority);
    }
    fields(&mut text, '>', &request.headers, !body.is_empty(), keep_secrets);
    write_body(&mut text, '>', &body);
    let reason = if response.status_text.is_empty() { "{{…}}" } else { &response.status_text };
    let _ = write!(text, "\n< HTTP/1.1 {} {reason}\n", response.status);
    let body = bytes(&response.content, response.content.size)?;
    fields(&mut text, '<', &response.headers, !body.is_empty(), keep_secrets);
    write_body(&mut text, '<', &body);
    Ok(text)
}

fn split(url: &str) -> Result<(&str, &str), String> {
    let (_, rest) = url.split_once("://").ok_or_else(|| format!("{url:?} is not a URL"))?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = authority.rsplit('@').next().unwrap_or_default();
    Ok((authority, if target.is_empty() { "/" } else { target }))
}

/// Writes the fields of a head. The length is left to the fixture; codings are left out, because they are those of
/// the recorded connection, and an archive holds decoded bodies.
fn fields(text: &mut String, marker: char, fields: &[Field], has_body: bool, keep_secrets: bool) {
    let mut length = false;
    for Field { name, value } in fields.iter().filter(|field| !field.name.starts_with(':')) {
        let lower = name.to_ascii_lowercase();
        let secret =
            ["cookie", "authorization", "session", "ticket", "token"].iter().any(|word| lower.contains(word));
        match lower.as_str() {
            "content-length" => length = true,
            "transfer-encoding" | "content-encoding" => {}
            "date" if marker == '<' => line(text, marker, name, "{{…}}"),
            _ if secret && !keep_secrets => {
                line(text, marker, name, if marker == '<' { "{{…}}" } else { "masked" });
            }
            _ => line(text, marker, name, value),
        }
    }
    if length || has_body {
        line(text, marker, "Content-Length", "{{length}}");
    }
    let _ = writeln!(text, "{marker}");
}

fn line(text: &mut String, marker: char, name: &str, value: &str) {
    let _ = writeln!(text, "{marker} {name}: {value}");
}

/// Returns the bytes of a body. `size` is their number, as far as it is known: mitmproxy writes each byte of a
/// request that is not text as the character of this number.
fn bytes(content: &Content, size: i64) -> Result<Vec<u8>, String> {
    let text = content.text.as_deref().unwrap_or_default();
    if content.encoding.as_deref() == Some("base64") {
        return STANDARD.decode(text).map_err(|error| format!("a body is not base64: {error}"));
    }
    if text.is_empty() && size > 0 {
        return Err(format!("a body of {size} bytes is not in the archive: record it with its content"));
    }
    let single: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    if let Some(single) = single.filter(|single| i64::try_from(single.len()) == Ok(size)) {
        return Ok(single);
    }
    let mut bytes = Vec::new();
    for c in text.chars() {
        match u32::from(c) {
            // `to_le_bytes` cuts off the private-use prefix.
            half @ 0xF780..=0xF7FF => bytes.extend(half.to_le_bytes().first()),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Ok(bytes)
}

/// Writes a body as lines of text where a fixture can express it so, as bytes elsewhere.
fn write_body(text: &mut String, marker: char, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    let (end, shown) = if marker == '>' { ("\r\n", "") } else { ("\n", "\\n") };
    let lines = str::from_utf8(body).map(|body| body.split(end).collect::<Vec<_>>()).unwrap_or_default();
    let plain = |line: &str| {
        !line.contains(char::is_control)
            && !line.contains("{{")
            && !line.contains("\\n")
            && line.trim() == line
    };
    if !lines.is_empty() && lines.iter().all(|line| plain(line)) {
        let _ = writeln!(text, "{marker} {}", lines.join(&format!("{shown}\n{marker} ")));
        return;
    }
    for bytes in body.chunks(32) {
        let _ = write!(text, "{marker}x");
        for run in bytes.chunk_by(|one, next| is_quotable(*one) == is_quotable(*next)) {
            let _ = match str::from_utf8(run) {
                Ok(run) if run.bytes().all(is_quotable) => write!(text, " \"{run}\""),
                _ => run.iter().try_fold((), |(), byte| write!(text, " {byte:02x}")),
            };
        }
        text.push('\n');
    }
}

fn is_quotable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"'
}
