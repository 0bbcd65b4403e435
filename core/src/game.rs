//! What a game implements to be hosted: besides its [`Service`], what of it is configured, kept and recorded.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    admin::DeskConfig, info::Info, row::Row, seam::Wall, service::Service, settings::Settings,
    trace::redact::Redactor,
};

/// A game that a host can serve. It is made from values alone, so that a [trace](crate::trace) can make it again.
///
/// ```
/// # use core::convert::Infallible;
/// use mmcos_core::{
///     engine::{Exchange, Peer, Response},
///     game::{Game, Life, Unfit},
///     info::Info,
///     row::{Column, Row, Schema, Table},
///     service::{Context, Service},
///     trace::redact::HideAll,
///     wire::http::{Request, Status},
/// };
///
/// mmcos_core::settings! {
///     /// Settings of a lottery.
///     pub struct Settings {
///         /// Numbers on a ticket.
///         numbers: u32 = "49",
///     }
/// }
///
/// /// A number that was drawn.
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// enum Record {
///     Drawn { round: u32, number: u64 },
/// }
///
/// impl Row for Record {
///     const SCHEMA: &'static Schema = &Schema {
///         name: "lottery",
///         tables: &[Table {
///             record: "Drawn",
///             name: "draws",
///             columns: &[Column::integer("round"), Column::integer("number")],
///             ..Table::PLAIN
///         }],
///         counted: "draws",
///         ..Schema::EMPTY
///     };
/// }
///
/// struct Lottery {
///     numbers: u64,
///     drawn: Vec<u64>,
/// }
///
/// impl Service for Lottery {
///     type Record = Record;
///     # type Event = Infallible;
///     # type Timer = ();
///     # type RestoreError = Infallible;
///     // …
///     fn request(&mut self, cx: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, exchange: Exchange) {
///         let number = cx.random() % self.numbers + 1;
///         cx.record(Record::Drawn { round: self.drawn.len() as u32, number });
///         self.drawn.push(number);
///         cx.respond(exchange, &Response::text(Status::OK, number.to_string().as_bytes()));
///     }
///
///     fn restore(&mut self, Record::Drawn { number, .. }: Record) -> Result<(), Infallible> {
///         self.drawn.push(number);
///         Ok(())
///     }
/// }
///
/// impl Game for Lottery {
///     const INFO: Info = Info::named("lottery");
///     type Settings = Settings;
///     type Redactor = HideAll;
///
///     fn new(settings: &Settings, _: &Life) -> Result<Self, Unfit> {
///         match settings.numbers {
///             0 => Err(Unfit::new("numbers", "must be at least 1")),
///             numbers => Ok(Self { numbers: numbers.into(), drawn: Vec::new() }),
///         }
///     }
///
///     fn rows(&self) -> impl Iterator<Item = Record> {
///         (0..).zip(&self.drawn).map(|(round, number)| Record::Drawn { round, number: *number })
///     }
/// }
///
/// let lottery = Lottery::new(&Settings::defaults()?, &Life::default())?;
/// assert_eq!(lottery.rows().count(), 0);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// `mmcos_std::main::<Lottery>()` is its program.
pub trait Game: Service<Record: Row, RestoreError: Send + Sync + 'static> + 'static {
    /// Facts that its host needs before it runs.
    const INFO: Info;

    /// What a host can set: all of the configuration that a trace has to hold.
    type Settings: Settings;

    /// The type that hides secrets in a recording. There is no default: what is not hidden can be read by everyone who gets
    /// the trace.
    type Redactor: Redactor<Self>;

    /// Makes the game for one life of the server, with nothing restored yet.
    ///
    /// # Errors
    /// A setting does not fit.
    fn new(settings: &Self::Settings, life: &Life) -> Result<Self, Unfit>;

    /// Findings about these settings, for the host's `doctor`; none by default.
    fn examine(_settings: &Self::Settings) -> Vec<Finding> {
        Vec::new()
    }

    /// A finding about a record that is kept: that it is of a time to come, for example. None by default.
    fn examine_record(_record: &Self::Record, _now: Wall) -> Option<Finding> {
        None
    }

    /// Returns all that is durable, as the fewest records that it can be restored from.
    fn rows(&self) -> impl Iterator<Item = Self::Record>;
}

/// Secrets and facts that a host hands to its game for one life of the server. Replays and tests make their own:
///
/// ```
/// use mmcos_core::game::Life;
///
/// let life = Life { key: [1; 32], seed: [7; 32], ..Life::default() };
/// assert!(!format!("{life:?}").contains('7'), "secrets have no place in a log");
/// ```
#[derive(Clone, Default)]
pub struct Life {
    /// The server's secret, the same in every life. What is authenticated by it outlives a restart.
    pub key: [u8; 32],
    /// All randomness of this life. Take it from the operating system, unless a life is to be repeated.
    pub seed: [u8; 32],
    /// Whether this life is recorded. A trace replaces the key by one of its own, so that it lets nobody in: what players
    /// are told of things derived from the key must follow from the seed instead, unless the recorder replaces that too.
    pub is_recorded: bool,
    /// The operator's side. A trace holds nothing of it.
    pub desk: DeskConfig,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets have no place in a log.
        f.debug_struct("Life").field("desk", &self.desk).finish_non_exhaustive()
    }
}

/// Something that a host's `doctor` has looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its state.
    pub verdict: Verdict,
    /// Its name, in a word or two.
    pub about: &'static str,
    /// What was found; of a warning or a problem also what it means and what to do.
    pub text: String,
}

/// State of something that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, or will, but not for everybody or not for long.
    Warning,
    /// Players are kept out, or what is kept is in danger.
    Problem,
}

impl Finding {
    /// All is well.
    pub fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, about, text: text.into() }
    }

    /// Something works, but not for everybody or not for long.
    pub fn warning(about: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, about, text: text.into() }
    }

    /// Something must be mended.
    pub fn problem(about: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Problem, about, text: text.into() }
    }
}

/// A setting that a game cannot be made with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: {problem}")]
pub struct Unfit {
    setting: &'static str,
    problem: String,
}

impl Unfit {
    /// The setting of this name has a problem, which is a phrase such as `must have at least one stage`.
    ///
    /// ```
    /// use mmcos_core::game::Unfit;
    /// assert_eq!(Unfit::new("tracks", "must have at least one").to_string(), "`tracks`: must have at least one");
    /// ```
    pub fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into() }
    }
}
