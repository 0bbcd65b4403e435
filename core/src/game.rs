//! The interface of a game to its host: besides its [`Service`], its configuration, durable state and redaction.

use alloc::{string::String, vec::Vec};
use core::fmt;

pub use crate::finding::{Finding, Verdict};
use crate::{
    admin::DeskConfig, info::Info, row::Row, seam::Wall, service::Service, settings::Settings,
    trace::redact::Redactor,
};

/// A game that a host can serve. It is created only from values, so that a [trace](crate::trace) can create it again.
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

    /// The game's settings: all of the configuration that a trace has to hold.
    type Settings: Settings;

    /// The type that hides secrets in a trace. There is no default: anyone with the trace can read what is not
    /// hidden.
    type Redactor: Redactor<Self>;

    /// Creates the game for one life of the server, with nothing restored yet.
    ///
    /// # Errors
    /// [`Unfit`] if the game cannot be created with a setting.
    fn new(settings: &Self::Settings, life: &Life) -> Result<Self, Unfit>;

    /// Returns findings about these settings, for the host's `doctor`; none by default.
    fn examine(_settings: &Self::Settings) -> Vec<Finding> {
        Vec::new()
    }

    /// Returns a finding about a stored record, for example that it dates from the future. None by default.
    fn examine_record(_record: &Self::Record, _now: Wall) -> Option<Finding> {
        None
    }

    /// Returns true for a stored record that [`advise`](Self::advise) looks at. Choose few: they are all in memory at
    /// once. None by default.
    fn informs(_record: &Self::Record) -> bool {
        false
    }

    /// Returns a recommendation about these settings, for the host's `doctor`, by the records that
    /// [`informs`](Self::informs) chose. None by default.
    fn advise(_settings: &Self::Settings, _records: &[Self::Record]) -> Option<Finding> {
        None
    }

    /// Returns the durable state, as the fewest records from which it can be restored.
    fn rows(&self) -> impl Iterator<Item = Self::Record>;
}

/// Secrets and facts that a host gives its game for one life of the server. Replays and tests make their own:
///
/// ```
/// use mmcos_core::game::Life;
///
/// let life = Life { key: [1; 32], seed: [7; 32], ..Life::default() };
/// assert!(!format!("{life:?}").contains('7'), "secrets have no place in a log");
/// ```
#[derive(Clone, Default)]
pub struct Life {
    /// The server's secret, the same in every life. What it authenticates stays valid across restarts.
    pub key: [u8; 32],
    /// Seed of all randomness of this life. Take it from the operating system, unless a life is to be repeated.
    pub seed: [u8; 32],
    /// True if this life is recorded. A trace contains a key of its own instead of this one, so that it does not
    /// allow anyone to log in. Values shown to players that are derived from the key must therefore follow from the
    /// seed instead, unless the recorder replaces them too.
    pub is_recorded: bool,
    /// True if the host sends the game's notices to people outside it.
    pub has_webhook: bool,
    /// The operator's side. A trace contains nothing of it.
    pub desk: DeskConfig,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A log must not contain secrets.
        f.debug_struct("Life").field("desk", &self.desk).finish_non_exhaustive()
    }
}

/// The error for a setting that a game cannot be created with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: {problem}")]
pub struct Unfit {
    setting: &'static str,
    problem: String,
}

impl Unfit {
    /// Returns the error for the setting of this name. `problem` is a phrase such as `must have at least one stage`.
    ///
    /// ```
    /// use mmcos_core::game::Unfit;
    /// assert_eq!(Unfit::new("tracks", "must have at least one").to_string(), "`tracks`: must have at least one");
    /// ```
    pub fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into() }
    }
}
