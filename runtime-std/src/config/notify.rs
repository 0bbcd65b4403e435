use super::value::{Choice, Value};
use crate::notify::{Format, WebhookUrl};

/// A webhook that need not be given; `None` is the empty text.
impl Value for Option<WebhookUrl> {
    const HINT: &'static str = "URL";
    const EXPECTED: &'static str = "the URL of a webhook, such as https://discord.com/api/webhooks/1234/abcd: http or \
                                    https, without a user or password";

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { WebhookUrl::parse(text).map(Some) }
    }

    fn to_toml(&self) -> toml::Value {
        self.as_ref().map_or_else(|| "".into(), |url| url.to_string().into())
    }
}

impl Choice for Format {
    const HINT: &'static str = "json|text";
    const EXPECTED: &'static str = "json or text";
    const CHOICES: &'static [(&'static str, Self)] = &[("json", Self::Json), ("text", Self::Text)];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_written_as_it_is_read() {
        for text in ["", "https://discord.com/api/webhooks/1234/abcd", "http://192.168.1.9:8080/races?up=1"] {
            assert_eq!(<Option<WebhookUrl>>::parse(text).map(|url| url.to_toml()), Some(text.into()));
        }
        assert_eq!(<Option<WebhookUrl>>::parse("discord.com/api"), None);
        assert_eq!(Format::parse("text"), Some(Format::Text));
    }
}
