//! Formats of the webhook: how a notice becomes a request of Discord, Slack, ntfy or Telegram. The game makes the text
//! of a notice.

use mmcos_core::notice::{self, Notice, Topic};
use serde_json::{Map, Value, json};

use super::{Mention, WebhookUrl};

/// Format of a message to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The format that the host of the URL takes; JSON for an unknown one.
    Auto,
    /// One JSON object: `content` is what Discord shows, `text` what Slack shows, the rest is for programs.
    Json,
    /// The text alone.
    Text,
    /// A webhook of Discord. Its messages can be changed.
    Discord,
    /// An incoming webhook of Slack.
    Slack,
    /// A topic of ntfy.
    Ntfy,
    /// `sendMessage` of a bot of Telegram, with a `chat_id` in the URL. Its messages can be changed.
    Telegram,
}

/// A request to the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// True for `PATCH`.
    pub(super) changes: bool,
    pub(super) url: String,
    pub(super) content_type: &'static str,
    /// Fields of the request beside the type of the contents.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// Additions to a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extras {
    /// Page for players.
    pub(super) link: Option<String>,
    /// User or role that Discord notifies.
    pub(super) mention: Option<Mention>,
}

/// Returns the message with which an operator tests the webhook.
pub(super) fn test(program: &str) -> Notice {
    Notice {
        text: format!("This is a test message from your {program} server. Its news will appear here."),
        fields: vec![("event", "test".into())],
        topic: Topic::News,
    }
}

impl Format {
    /// Returns the format for this URL.
    pub(super) fn of(self, url: &WebhookUrl) -> Self {
        match (self, url.host()) {
            (Self::Auto, "discord.com" | "discordapp.com" | "ptb.discord.com" | "canary.discord.com") => {
                Self::Discord
            }
            (Self::Auto, "hooks.slack.com") => Self::Slack,
            (Self::Auto, "ntfy.sh") => Self::Ntfy,
            (Self::Auto, "api.telegram.org") => Self::Telegram,
            (Self::Auto, _) => Self::Json,
            (format, _) => format,
        }
    }

    /// Returns the number of a message in the response to it, if the message can be changed later.
    pub(super) fn number(self, response: &str) -> Option<String> {
        let response: Value = serde_json::from_str(response).ok()?;
        match self {
            Self::Discord => response
                .get("id")?
                .as_str()
                .filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
                .map(str::to_owned),
            Self::Telegram => response.get("result")?.get("message_id")?.as_u64().map(|id| id.to_string()),
            Self::Auto | Self::Json | Self::Text | Self::Slack | Self::Ntfy => None,
        }
    }

    /// Returns the request for a new message, or for a change of the message with this number.
    pub(super) fn request(
        self,
        url: &WebhookUrl,
        notice: &Notice,
        extras: &Extras,
        number: Option<&str>,
    ) -> Outgoing {
        let text = match &extras.link {
            Some(link) if self != Self::Ntfy => format!("{} {link}", notice.text),
            _ => notice.text.clone(),
        };
        let json = |url: String, body: Value| Outgoing {
            changes: false,
            url,
            content_type: "application/json",
            fields: Vec::new(),
            body: body.to_string(),
        };
        match self {
            Self::Text | Self::Ntfy => {
                let click = extras.link.clone().filter(|_| self == Self::Ntfy).map(|link| ("click", link));
                Outgoing {
                    changes: false,
                    url: url.to_string(),
                    content_type: "text/plain; charset=utf-8",
                    fields: click.into_iter().collect(),
                    body: text,
                }
            }
            Self::Auto | Self::Json => json(url.to_string(), plain_json(notice, &text)),
            Self::Slack => json(url.to_string(), json!({ "text": for_slack(&text), "unfurl_links": false })),
            Self::Discord => {
                let content = match extras.mention {
                    Some(Mention::Role(id)) => format!("<@&{id}> {text}"),
                    Some(Mention::User(id)) => format!("<@{id}> {text}"),
                    None => text,
                };
                let allowed = match extras.mention {
                    Some(Mention::Role(id)) => json!({ "parse": [], "roles": [id.to_string()] }),
                    Some(Mention::User(id)) => json!({ "parse": [], "users": [id.to_string()] }),
                    None => json!({ "parse": [] }),
                };
                let body = json!({ "content": content, "allowed_mentions": allowed });
                match number {
                    Some(number) => Outgoing {
                        changes: true,
                        ..json(url.with(&format!("/messages/{number}"), None), body)
                    },
                    // Discord tells the number of the message only to a client that waits for it.
                    None => json(url.with("", Some("wait=true")), body),
                }
            }
            Self::Telegram => {
                let number = number.and_then(|number| number.parse::<u64>().ok());
                let fields = [
                    ("text", Some(text.into())),
                    ("link_preview_options", Some(json!({ "is_disabled": true }))),
                    ("chat_id", url.parameter("chat_id").map(Value::from)),
                    ("message_id", number.map(Value::from)),
                ];
                let body = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
                let method = if number.is_some() { "/editMessageText" } else { "/sendMessage" };
                json(url.to_string().replace("/sendMessage", method), body.collect())
            }
        }
    }
}

fn plain_json(notice: &Notice, text: &str) -> Value {
    let shown = [("content", text.into()), ("text", text.into())];
    // Discord notifies no user that the text mentions.
    let silent = [("allowed_mentions", json!({ "parse": [] }))];
    let fields = notice.fields.iter().map(|(name, value)| (*name, json_value(value)));
    let object: Map<_, _> =
        fields.chain(shown).chain(silent).map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(object)
}

fn json_value(value: &notice::Value) -> Value {
    match value {
        notice::Value::Text(text) => text.as_str().into(),
        notice::Value::Number(number) => (*number).into(),
    }
}

/// Escapes the three characters that Slack reads as markup.
fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice {
            text: "Tim is here".to_owned(),
            fields: vec![("player", "\",\"content\":\"x @everyone".into()), ("players", 1.into())],
            topic: Topic::Call(1),
        }
    }

    fn request(format: Format, url: &str, extras: &Extras, number: Option<&str>) -> (Outgoing, Value) {
        let request = format.request(&WebhookUrl::parse(url).unwrap(), &notice(), extras, number);
        let body = serde_json::from_str(&request.body).unwrap_or(Value::Null);
        (request, body)
    }

    fn linked() -> Extras {
        Extras { link: Some("http://race.example/".to_owned()), mention: None }
    }

    #[test]
    fn one_object_for_discord_slack_and_programs() {
        let (_, json) = request(Format::Json, "http://a.example/", &Extras::default(), None);
        assert_eq!(
            json,
            json!({
                "content": "Tim is here", "text": "Tim is here", "allowed_mentions": { "parse": [] },
                "player": "\",\"content\":\"x @everyone", "players": 1,
            })
        );
        let (text, _) = request(Format::Text, "http://a.example/", &linked(), None);
        assert_eq!(
            (text.content_type, text.body.as_str()),
            ("text/plain; charset=utf-8", "Tim is here http://race.example/")
        );
    }

    #[test]
    fn a_message_of_discord_is_changed_in_place_and_mentions_what_the_operator_allows() {
        let url = "https://discord.com/api/webhooks/1/s3cret?thread_id=5";
        let extras = Extras { mention: Some(Mention::Role(77)), ..linked() };
        let (new, body) = request(Format::Discord, url, &extras, None);
        assert_eq!(
            (new.changes, &*new.url),
            (false, "https://discord.com/api/webhooks/1/s3cret?thread_id=5&wait=true")
        );
        assert_eq!(
            body,
            json!({
                "content": "<@&77> Tim is here http://race.example/",
                "allowed_mentions": { "parse": [], "roles": ["77"] },
            })
        );
        let number = Format::Discord.number(r#"{"id":"1234","content":"x"}"#);
        let (changed, _) = request(Format::Discord, url, &extras, number.as_deref());
        assert_eq!(
            (changed.changes, &*changed.url),
            (true, "https://discord.com/api/webhooks/1/s3cret/messages/1234?thread_id=5")
        );
        let (_, silent) = request(Format::Discord, url, &Extras::default(), None);
        assert_eq!(silent["allowed_mentions"], json!({ "parse": [] }));
        assert_eq!(Format::Discord.number(r#"{"id":"../1"}"#), None);
    }

    #[test]
    fn telegram_is_told_the_chat_and_the_message() {
        let url = "https://api.telegram.org/bot1:s3cret/sendMessage?chat_id=-100";
        let (_, body) = request(Format::Telegram, url, &Extras::default(), None);
        assert_eq!((&body["chat_id"], &body["text"]), (&json!("-100"), &json!("Tim is here")));
        let number = Format::Telegram.number(r#"{"ok":true,"result":{"message_id":9}}"#);
        let (changed, body) = request(Format::Telegram, url, &Extras::default(), number.as_deref());
        assert_eq!(body["message_id"], json!(9));
        assert_eq!(changed.url, "https://api.telegram.org/bot1:s3cret/editMessageText?chat_id=-100");
    }

    #[test]
    fn slack_and_ntfy_have_their_own_ways() {
        let (_, body) = request(Format::Slack, "https://hooks.slack.com/services/T/B/x", &linked(), None);
        assert_eq!(body["text"], json!("Tim is here http://race.example/"));
        assert_eq!(for_slack("<!channel> & co"), "&lt;!channel&gt; &amp; co");
        let (ntfy, _) = request(Format::Ntfy, "https://ntfy.sh/races", &linked(), None);
        assert_eq!(ntfy.body, "Tim is here");
        assert_eq!(ntfy.fields, [("click", "http://race.example/".to_owned())]);
    }

    #[test]
    fn the_host_of_the_url_says_the_format() {
        let of = |url| Format::Auto.of(&WebhookUrl::parse(url).unwrap());
        assert_eq!(of("https://discord.com/api/webhooks/1/x"), Format::Discord);
        assert_eq!(of("https://hooks.slack.com/services/x"), Format::Slack);
        assert_eq!(of("https://ntfy.sh/races"), Format::Ntfy);
        assert_eq!(of("https://api.telegram.org/bot1/sendMessage?chat_id=1"), Format::Telegram);
        assert_eq!(of("https://discord.com.evil.example/"), Format::Json);
        assert_eq!(Format::Text.of(&WebhookUrl::parse("https://discord.com/x").unwrap()), Format::Text);
    }
}
