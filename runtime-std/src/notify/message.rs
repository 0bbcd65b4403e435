use mmcos_core::notice::{self, Notice};
use serde_json::{Map, Value, json};

/// Format of a message to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object: `content` is what Discord shows, `text` what Slack shows, the rest is for programs.
    Json,
    /// The text alone, as ntfy shows it.
    Text,
}

/// Returns the message with which an operator tests the webhook.
pub(super) fn test(program: &str) -> Notice {
    Notice {
        text: format!("This is a test message from your {program} server. Its news will appear here."),
        fields: vec![("event", "test".into())],
    }
}

/// Returns the content type and the body.
pub(super) fn body(notice: &Notice, format: Format) -> (&'static str, String) {
    let Notice { text, fields } = notice;
    match format {
        Format::Text => ("text/plain; charset=utf-8", text.clone()),
        Format::Json => {
            let shown = [("content", text.as_str().into()), ("text", text.as_str().into())];
            // Discord notifies no user that the text mentions.
            let silent = [("allowed_mentions", json!({ "parse": [] }))];
            let fields = fields.iter().map(|(name, value)| (*name, json_value(value)));
            let object: Map<_, _> =
                fields.chain(shown).chain(silent).map(|(name, value)| (name.to_owned(), value)).collect();
            ("application/json", Value::Object(object).to_string())
        }
    }
}

fn json_value(value: &notice::Value) -> Value {
    match value {
        notice::Value::Text(text) => text.as_str().into(),
        notice::Value::Number(number) => (*number).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_for_discord_slack_and_programs() {
        let notice = Notice {
            text: "Tim is here".to_owned(),
            fields: vec![("player", "\",\"content\":\"x @everyone".into()), ("players", 1.into())],
        };
        let (_, json) = body(&notice, Format::Json);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            json,
            json!({
                "content": "Tim is here", "text": "Tim is here", "allowed_mentions": { "parse": [] },
                "player": "\",\"content\":\"x @everyone", "players": 1,
            })
        );
        assert_eq!(body(&notice, Format::Text), ("text/plain; charset=utf-8", "Tim is here".to_owned()));
    }
}
