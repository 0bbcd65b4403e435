use mmcos_game::Event;
use mmcos_game::matchmaker::{GroupSize, Mode};
use mmcos_game::players::Name;
use serde_json::{Map, Value, json};

/// How the other end wants a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object: `content` is what Discord shows, `text` what Slack shows, the rest is for programs.
    Json,
    /// The text alone, as ntfy shows it.
    Text,
}

/// A message to people, with what it says in fields for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: String,
    fields: Vec<(&'static str, Value)>,
}

impl Message {
    /// What friends should know of this event; `None` if that is nothing.
    pub fn about(event: &Event) -> Option<Self> {
        match event {
            Event::FirstSearch { name, mode, size } => Some(Self::first_search(name, *mode, *size)),
            _ => None,
        }
    }

    /// What a host sends to see whether it arrives.
    pub fn test() -> Self {
        Self {
            text: "This is a test from your mmcos server. Here you will read when somebody is looking for opponents."
                .to_owned(),
            fields: vec![("event", "test".into())],
        }
    }

    fn first_search(name: &Name, mode: Mode, size: GroupSize) -> Self {
        let who = match size.get() {
            1 => format!("{} is", plain(name.as_str())),
            2 => format!("{} and a friend are", plain(name.as_str())),
            players => format!("{} and {} friends are", plain(name.as_str()), players.saturating_sub(1)),
        };
        let game_type = mode.game_type.0;
        let is_plain = game_type.as_str().chars().all(|c| c.is_ascii_alphanumeric());
        let what = if is_plain { format!(" ({game_type})") } else { String::new() };
        Self {
            text: format!(
                "{who} looking for opponents in Micro Machines World Series{what}. Nobody else is searching: come and play!"
            ),
            fields: vec![
                ("event", "first-search".into()),
                ("player", name.as_str().into()),
                ("players", size.get().into()),
                ("game_type", game_type.as_str().into()),
            ],
        }
    }

    /// The content type, and the body in it.
    pub(super) fn body(&self, format: Format) -> (&'static str, String) {
        match format {
            Format::Text => ("text/plain; charset=utf-8", self.text.clone()),
            Format::Json => {
                let shown = [("content", self.text.as_str().into()), ("text", self.text.as_str().into())];
                // Discord notifies nobody for what the text mentions.
                let silent = [("allowed_mentions", json!({ "parse": [] }))];
                let fields = self.fields.iter().cloned().chain(shown).chain(silent);
                let object: Map<_, _> = fields.map(|(name, value)| (name.to_owned(), value)).collect();
                ("application/json", Value::Object(object).to_string())
            }
        }
    }
}

/// A name without what a chat could take for more than letters: mentions, links, markup, and characters that hide or
/// turn the text around them.
fn plain(name: &str) -> String {
    let hides = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}');
    let harmless = |c: &char| *c == '-' || !(c.is_ascii_punctuation() || c.is_control() || hides(*c));
    let name: String = name.chars().filter(harmless).collect();
    match name.trim() {
        "" => "Somebody".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use mmcos_game::matchmaker::{GameType, Label, RuleSet};
    use proptest::prelude::*;

    use super::*;

    fn message(name: &str, game_type: &str, players: u8) -> Message {
        let game_type = GameType(Label::new(game_type).unwrap());
        let mode = Mode { network_version: 1, game_type, rule_set: RuleSet::Race };
        let event =
            Event::FirstSearch { name: Name::new(name), mode, size: GroupSize::new(players).unwrap() };
        Message::about(&event).unwrap()
    }

    fn object(message: &Message) -> Value {
        serde_json::from_str(&message.body(Format::Json).1).unwrap()
    }

    #[test]
    fn one_object_for_discord_slack_and_programs() {
        let text = "Tiny Tim is looking for opponents in Micro Machines World Series (QuickRace). \
                    Nobody else is searching: come and play!";
        let message = message("Tiny Tim", "QuickRace", 1);
        assert_eq!(
            object(&message),
            json!({
                "content": text, "text": text, "allowed_mentions": { "parse": [] },
                "event": "first-search", "player": "Tiny Tim", "players": 1, "game_type": "QuickRace",
            })
        );
        assert_eq!(message.body(Format::Text), ("text/plain; charset=utf-8", text.to_owned()));
    }

    #[test]
    fn a_party_is_counted() {
        assert!(message("Tim", "QuickRace", 2).text.starts_with("Tim and a friend are looking"));
        assert!(message("Tim", "QuickRace", 4).text.starts_with("Tim and 3 friends are looking"));
    }

    #[test]
    fn names_are_no_markup_mention_or_link() {
        for (name, shown) in [
            ("@everyone", "everyone"),
            ("<@&123>", "123"),
            ("<!channel>", "channel"),
            ("[x](https://evil.example)", "xhttpsevilexample"),
            ("**a**_b_`c`~d~|e|", "abcde"),
            ("\u{202E}abc\u{200B}\u{2066}", "abc"),
            ("Zoë-Łukasz 赛车 ★", "Zoë-Łukasz 赛车 ★"),
            ("<>", "Somebody"),
            ("\",\"content\":\"x", "contentx"),
        ] {
            assert_eq!(plain(name), shown);
        }
    }

    #[test]
    fn a_mode_with_an_odd_name_is_left_out() {
        assert!(message("Tim", "@here <!x>", 1).text.contains("World Series. Nobody"));
    }

    proptest! {
        #[test]
        fn whatever_the_name_the_body_is_one_object_and_its_text_is_plain(name in "\\PC{0,40}", mode in "\\PC{0,5}") {
            let message = message(&name, &mode, 1);
            let object = object(&message);
            let kept = Name::new(&name);
            prop_assert_eq!(&object["player"], kept.as_str());
            prop_assert_eq!(object["allowed_mentions"].to_string(), r#"{"parse":[]}"#);
            let text = object["content"].as_str().unwrap();
            prop_assert!(!text.contains(['@', '<', '>', '[', '*', '_', '`', '/', '\n', '\r']));
            prop_assert_eq!(text.matches([':', '.']).count(), 2);
        }
    }
}
