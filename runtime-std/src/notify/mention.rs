use mmcos_core::settings::{Datum, Value};

/// A user or role that Discord notifies of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A role, by its number.
    Role(u64),
    /// A user, by the number of the account.
    User(u64),
}

impl Value for Mention {
    const HINT: &'static str = "role ID|user ID";
    const EXPECTED: &'static str =
        "\"role\" or \"user\" and the number that Discord shows with Copy ID, such as \"role 1234567890\"";

    fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once(' ')?;
        let number = number.trim().parse().ok()?;
        match kind {
            "role" => Some(Self::Role(number)),
            "user" => Some(Self::User(number)),
            _ => None,
        }
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(match self {
            Self::Role(number) => format!("role {number}"),
            Self::User(number) => format!("user {number}"),
        })
    }
}
