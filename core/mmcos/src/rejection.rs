use alloc::{boxed::Box, string::ToString};

use crate::{identity::IdentityError, moderation::Ban, players::TitleError, session_token::SessionError};
use mmcos_core::{
    engine::TooOften,
    seam::StorageTrouble,
    wire::{
        egonet,
        http::{Method, Status},
        xml,
    },
};

/// Reason why a request is rejected. No error response of the official server was ever captured, so status and shape
/// are our choice: the service's own result element with an `Error` text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Nothing is at this path.
    #[error("nothing is at this path")]
    NotFound,
    /// The path serves this method only.
    #[error("this path is for {} requests", if *.0 == Method::Post { "POST" } else { "GET" })]
    Method(Method),
    /// The body is not the XML that this service expects.
    #[error("the request cannot be understood: {0}")]
    Xml(#[from] xml::Error),
    /// The body is not an `EgoNet` value.
    #[error("the request cannot be understood: {0}")]
    EgoNet(#[from] egonet::DecodeError),
    /// A value does not have the form that it should have.
    #[error("the request cannot be understood: {field} should be {expected}")]
    Value {
        /// The element.
        field: &'static str,
        /// Expected contents.
        expected: &'static str,
    },
    /// The text is not a title that the game could show.
    #[error("the request cannot be understood: {0}")]
    Title(#[from] TitleError),
    /// The session token is not valid.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The token is valid, but its account is not known here (any more).
    #[error("the account of this session is not known here: log in again")]
    UnknownAccount,
    /// The Steam ticket does not prove a player that may log in.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The player, or the address, is banned.
    #[error("{0}")]
    Banned(Box<Ban>),
    /// The account sends more requests than it may, for all addresses together.
    #[error("too many requests of this account: pause for a few seconds")]
    TooOften,
    /// The operator has closed the server for a while.
    #[error("the server is under maintenance: try again later")]
    Maintenance,
    /// The change that the request makes cannot be stored at the moment.
    #[error("the server cannot save anything at the moment, since {0}: try again in a few seconds")]
    Storage(StorageTrouble),
}

impl From<Ban> for Rejection {
    fn from(ban: Ban) -> Self {
        Self::Banned(Box::new(ban))
    }
}

impl From<TooOften> for Rejection {
    fn from(_: TooOften) -> Self {
        Self::TooOften
    }
}

impl Rejection {
    /// Returns the status of the response.
    pub const fn status(&self) -> Status {
        match self {
            Self::NotFound => Status::NOT_FOUND,
            Self::Method(_) => Status::METHOD_NOT_ALLOWED,
            Self::Xml(_) | Self::EgoNet(_) | Self::Value { .. } | Self::Title(_) => Status::BAD_REQUEST,
            Self::Session(_) | Self::UnknownAccount | Self::Identity(_) => Status::UNAUTHORIZED,
            Self::Banned(_) => Status::FORBIDDEN,
            Self::TooOften => Status::TOO_MANY_REQUESTS,
            Self::Maintenance | Self::Storage(_) => Status::SERVICE_UNAVAILABLE,
        }
    }

    /// Renders the response, with `root` as its outermost element.
    pub(crate) fn render(&self, root: &str, xml: &mut xml::Writer) {
        xml.root(root);
        xml.text("Error", &self.to_string());
        xml.close(root);
    }
}
