use std::fmt;

use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// URL of a webhook: `http` or `https`, a host, neither user nor password. Anyone who knows it can write to the
/// channel behind it, so `Debug` shows the host only.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Uri);

impl WebhookUrl {
    /// Parses a URL; `None` if it is of another kind.
    ///
    /// ```
    /// use mmcos_std::notify::WebhookUrl;
    /// let url = WebhookUrl::parse("https://ntfy.example.org/races").unwrap();
    /// assert_eq!(url.host(), "ntfy.example.org");
    /// assert!(WebhookUrl::parse("ftp://example.org/races").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok().filter(|_| !text.contains('#'))?;
        let authority = uri.authority()?;
        let (host, port) = (authority.host(), authority.port());
        // Rejects anything beside host and port: a user, a port that is not a number.
        let whole = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let is_web = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
        (is_web && !host.is_empty() && whole == authority.as_str()).then_some(Self(uri))
    }

    /// Returns the host, as a name or an address. It may stand in a log.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Returns true for `https`.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    /// Returns the URL with this after its path, and this as one more part of its query.
    pub(super) fn with(&self, path: &str, query: Option<&str>) -> String {
        let text = self.0.to_string();
        let (start, own) = text.split_once('?').map_or((&*text, None), |(start, own)| (start, Some(own)));
        let query: Vec<&str> = own.into_iter().chain(query).filter(|part| !part.is_empty()).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{}", start.trim_end_matches('/'), query.join("&"))
    }

    /// Returns the parameter of this name in the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let parts = self.0.query()?.split('&');
        parts
            .filter_map(|part| part.split_once('='))
            .find(|(of, _)| *of == name)
            .map(|(_, value)| value.to_owned())
    }
}

/// Writes the whole URL, for the configuration file.
impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}, …)", self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_ports_and_addresses() {
        for (text, host, encrypted) in [
            ("https://discord.com/api/webhooks/1/s3cret?wait=true", "discord.com", true),
            ("http://192.168.1.9:8080/races", "192.168.1.9", false),
            ("http://[::1]:80/", "[::1]", false),
            ("HTTPS://EXAMPLE.org/x", "EXAMPLE.org", true),
        ] {
            let url = WebhookUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.is_encrypted()), (host, encrypted));
            assert_eq!(WebhookUrl::parse(&url.to_string()), Some(url));
        }
    }

    #[test]
    fn what_is_no_url_of_a_webhook() {
        for text in [
            "",
            "discord.com",
            "discord.com/api",
            "/api",
            "ftp://a/b",
            "file:///etc/passwd",
            "http://",
            "https:///x",
            "https://:443/x",
            "https://a:b/x",
            "https://a:70000/x",
            "https://user:pass@a/x",
            "https://user@a/x",
            "https://a/x#y",
            "https://a/b c",
            "https://a/\r\nx",
            "https://ä/x",
        ] {
            assert_eq!(WebhookUrl::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn debug_keeps_the_secret() {
        let url = WebhookUrl::parse("https://discord.com/api/webhooks/1/s3cret").unwrap();
        assert!(!format!("{url:?}").contains("s3cret") && url.to_string().contains("s3cret"));
    }
}
