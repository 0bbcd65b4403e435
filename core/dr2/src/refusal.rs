use mmcos_core::admin;
use mmcos_core::wire::egonet::{DecodeError, FieldError};

/// Reason why a request is refused. The response is `X-EgoNet-Result: 1` without a body.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The request has no `X-EgoNet-Function`, or one that is not text.
    #[error("it names no function")]
    NoFunction,
    /// The request has no session, or one that is unknown or has been replaced.
    #[error("its session is not known: the game must log in again")]
    NoSession,
    /// The body is not an `EgoNet` value.
    #[error("its body is not an EgoNet value: {0}")]
    Body(#[from] DecodeError),
    /// A field is missing or of another type.
    #[error("{0}")]
    Field(#[from] FieldError),
    /// A field is not an integer, or is larger than any known value.
    #[error("{0}: expected an integer in the known range")]
    Number(&'static str),
    /// The number of accounts has reached its limit.
    #[error("there are {0} accounts, as many as `max-accounts` allows: raise it to let new names in")]
    Full(u32),
    /// A club, a challenge or a vehicle is not in the settings.
    #[error("there is no {0} {1}: it was removed from the settings, or has never been there")]
    Missing(&'static str, i64),
    /// A rally has ended, was finished, is yet to come, or was not begun.
    #[error("challenge {0} is not open to this player, or was not begun")]
    NotOpen(i32),
    /// A stage is not the next one of its rally.
    #[error("stage {0} (the first is 0) is not the next one of its rally, or was not begun")]
    Stage(i32),
    /// A time is impossible.
    #[error("no stage can take {0} s")]
    Time(f32),
    /// A vehicle's set-up would crash the game if it were returned.
    #[error("the vehicle's set-up of {0} bytes is malformed or too long")]
    Setup(usize),
    /// The client is not an operator.
    #[error("{0}")]
    Operator(#[from] admin::Refusal),
    /// There is no status event: the official response. (*said*)
    #[error("there is no status event")]
    NoStatusEvent,
    /// Nothing can be stored at the moment. The response is 503.
    #[error("nothing can be stored at the moment")]
    Storage,
}
