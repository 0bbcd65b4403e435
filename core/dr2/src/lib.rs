//! A server for *`DiRT` Rally 2.0* without any IO: bytes in, effects out.
//!
//! [`Dr2`] is a [`Game`](mmcos_core::game::Game) on `mmcos-core`. It responds to the requests of the game's start,
//! logs players in by name, runs the clubs of its [`Settings`], and stores stage times, time trials and garages as
//! [`Record`]s. `docs/DIRT-RALLY-2.md` describes the protocol, and how sure each part of it is.
//!
//! | module | part |
//! |---|---|
//! | [`settings`] | settings of an operator |
//! | [`catalogue`] | numbers of the game: classes, locations, tracks |
//! | [`record`] | durable rows |
//! | `host`, `redact` | interface to the host: names, texts, construction of the game, redaction of traces |
//! | `service` | dispatch of requests to functions of `services`: |
//! | `startup`, `accounts` | start of the game, login |
//! | `clubs`, `stages`, `boards`, `time_trial` | rallies, their stages, leaderboards |
//! | `garage`, `career`, `shapes` | the other responses, and their common parts |
//!
//! Marks in comments: *seen* is proved by bytes of the official server or of the game; *said* was written down by
//! an observer of official traffic; *works* is accepted by the game; *ours* is this server's choice.

#![no_std]

extern crate alloc;

pub mod catalogue;
mod event;
mod host;
pub mod record;
mod redact;
mod refusal;
mod service;
mod services;
pub mod settings;

pub use event::LogEvent;
pub use record::{Record, RestoreError};
pub use refusal::Refusal;
pub use service::Dr2;
use service::{Cx, Outcome};
use services::{accounts, boards, career, clubs, damage, garage, shapes, stages, startup, time_trial};
pub use settings::Settings;
use {accounts::AccountId, boards::BoardId, clubs::ChallengeId};
