//! Named operators: people and programs with a role of their own, beside the host's password.

use alloc::{collections::BTreeMap, string::String};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::tokens::TokenDigest;
use crate::seam::Wall;

/// Name of the caller that has the host's password.
pub const HOST: &str = "operator";
/// Name of the caller that has the console's token: a command of this machine.
pub const CONSOLE: &str = "console";

/// Maximum bytes of a name. (Our choice, as is the next.)
const LONGEST_NAME: usize = 32;
/// Maximum number of named operators.
const MOST: usize = 100;

/// Permissions of an operator. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also acts on players and matches.
    Moderator,
    /// Also acts on the server, and on other operators.
    Admin,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Moderator, Self::Admin];

    /// Returns the name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Name of an operator: up to 32 lower-case letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperatorName(String);

/// Reason why a named operator cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// The name has other characters, or another length.
    #[error(
        "a name has 1 to {LONGEST_NAME} lower-case letters, digits, `-`, `_` or `.`, such as `anna` or `chat-bot`"
    )]
    Name,
    /// The name stands for the host's own access.
    #[error("the names `{HOST}` and `{CONSOLE}` are reserved: choose another")]
    Reserved,
    /// There are too many operators.
    #[error("there are {MOST} operators already: remove one first")]
    TooMany,
}

impl OperatorName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OperatorName {
    type Error = OperatorError;

    /// ```
    /// use mmcos_core::admin::OperatorName;
    /// assert_eq!(OperatorName::try_from("chat-bot".to_owned())?.as_str(), "chat-bot");
    /// assert!(OperatorName::try_from("Chat Bot".to_owned()).is_err());
    /// # Ok::<(), mmcos_core::admin::OperatorError>(())
    /// ```
    fn try_from(name: String) -> Result<Self, OperatorError> {
        let is_name_byte =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        match name.as_str() {
            HOST | CONSOLE => Err(OperatorError::Reserved),
            text if (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_name_byte) => {
                Ok(Self(name))
            }
            _ => Err(OperatorError::Name),
        }
    }
}

impl From<OperatorName> for String {
    fn from(OperatorName(name): OperatorName) -> Self {
        name
    }
}

/// A person or program with a role, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Name, by which the audit log refers to the operator.
    pub name: OperatorName,
    /// Permissions.
    pub role: Role,
    /// Time at which the access ends; `None` for one without end.
    pub until: Option<Wall>,
    /// Time at which the operator was added.
    pub made: Wall,
    /// Digest of the password, which has 128 random bits (decision 0108).
    pub password: TokenDigest,
}

impl Operator {
    /// Returns true if the access has not ended.
    pub fn holds(&self, now: Wall) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Named operators, found by name and by password.
#[derive(Clone, Debug, Default)]
pub struct Operators {
    by_name: BTreeMap<String, Operator>,
    by_password: BTreeMap<TokenDigest, String>,
}

impl Operators {
    /// Returns all operators, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Operator> {
        self.by_name.values()
    }

    /// Returns the operator with this name.
    pub fn get(&self, name: &str) -> Option<&Operator> {
        self.by_name.get(name)
    }

    /// Returns an error if there is no room for one more operator.
    pub(super) fn has_room(&self) -> Result<(), OperatorError> {
        if self.by_name.len() < MOST { Ok(()) } else { Err(OperatorError::TooMany) }
    }

    pub(super) fn by_password(&self, password: TokenDigest) -> Option<&Operator> {
        self.get(self.by_password.get(&password)?)
    }

    /// Adds an operator, or replaces the one of the same name, which is returned.
    pub(super) fn put(&mut self, operator: Operator) -> Option<Operator> {
        let before = self.remove(operator.name.as_str());
        self.by_password.insert(operator.password, operator.name.as_str().into());
        self.by_name.insert(operator.name.as_str().into(), operator);
        before
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Operator> {
        let operator = self.by_name.remove(name)?;
        self.by_password.remove(&operator.password);
        Some(operator)
    }
}
