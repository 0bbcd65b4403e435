//! Everything that a runtime needs before its first connection, in the order in which it can fail.

pub(crate) mod game;
pub(crate) mod operator;
pub(crate) mod program;
pub(crate) mod secret;
#[cfg(feature = "postgres")]
mod standby;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use mmcos_core::Server;
use mmcos_core::engine::Limits;
use mmcos_core::game::{Game, Life, Unfit};
use mmcos_core::info::Info;
use mmcos_core::row::Row;
use mmcos_core::trace::StartError;

use crate::certificate::{Authority, CertificateError, Certificates, Subject};
use crate::cli::{self, Cli, CliError, Command};
use crate::clock::{self, Clock};
use crate::command::admin::{self, Admin};
use crate::command::doctor::first_run;
use crate::command::running::{self, NotRunning};
use crate::command::{complete, manual};
use crate::config::{Config, ConfigError, FilePath, Keys, Loaded, Sources};
use crate::data_dir::{DataDir, DataDirError};
use crate::doctor::{self, Unwell};
use crate::listen::{Bound, Inherited, ListenError};
use crate::log as logging;
use crate::notify::{self, TestError};
use crate::open_files;
use crate::runtime::recorder::RecordError;
use crate::setup::player::{self, PlayerError};
use crate::setup::{self, Setup};
use crate::signals::Signals;
use crate::store::files::{self, Restored};
use crate::store::{AnyStore, Database as _, Place, StoreError};
use crate::tls::Tls;
#[cfg(windows)]
use crate::{cli::ServiceAction, system::windows};
use operator::{Console, ConsoleError, Dashboard, OperatorPassword, Reach};
use program::name as program;
use secret::{SecretError, ServerKey};

/// A host that is ready to serve.
#[derive(Debug)]
pub struct Host<G: Game> {
    /// Configuration of the host.
    pub config: Config,
    /// Settings of the game.
    pub game: G::Settings,
    /// Wall clock and monotonic clock, started.
    pub clock: Clock,
    /// Data directory.
    pub data_dir: DataDir,
    /// Key that authenticates session tokens.
    pub key: ServerKey,
    /// Operator's password.
    pub password: OperatorPassword,
    /// Proofs of an operator besides the password; `None` without a dashboard.
    pub console: Option<Console>,
    /// Store of the game's records.
    pub store: AnyStore<G::Record>,
    /// Plain listener; `None` if it is off.
    pub http: Option<Bound>,
    /// TLS listener; `None` if it is off.
    pub https: Option<Https>,
    /// Plain listener for operators alone; `None` if they have none of their own.
    pub admin: Option<Bound>,
    /// Becomes readable when the server must stop.
    pub signals: Signals,
    /// Text that is printed at the start.
    pub setup: Setup,
}

/// Listener for HTTPS.
#[derive(Debug)]
pub struct Https {
    /// Listening socket.
    pub bound: Bound,
    /// TLS configuration of its connections.
    pub tls: Tls,
    /// Authority that players must trust, if the game asks their system.
    pub authority: Option<Arc<Authority>>,
    /// Renewal of its certificates. Run it once an hour.
    pub renewal: Renewal,
}

/// Renews the certificates of a running server.
#[derive(Debug)]
pub struct Renewal {
    tls: Tls,
    source: Source,
}

/// Source of the certificates.
#[derive(Debug)]
struct Source {
    data_dir: DataDir,
    certificate: Option<FilePath>,
    key: Option<FilePath>,
    info: &'static Info,
    addresses: Vec<IpAddr>,
    clock: Clock,
}

/// Reason why this host cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Error in the command line.
    #[error(transparent)]
    Cli(#[from] CliError),
    /// Error in the configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Error in a setting of the game.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The file of `config FILE` cannot be written.
    #[error(
        "cannot write {path}: {1}; name a new file, such as {program}.toml, in a directory that you may write to",
        path = .0.display(),
        program = program()
    )]
    ConfigFile(PathBuf, #[source] io::Error),
    /// `http` and `https` are both off.
    #[error("`http` and `https` are both off, so no player can connect: give one of them a port")]
    NothingToServe,
    /// Error of the data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Command for a server that does not exist here.
    #[error(
        "there is no data directory {}: name the server's directory with --data-dir DIRECTORY (the Debian package uses \
         /var/lib/{})",
        .0.display(),
        program()
    )]
    NoDataDir(PathBuf),
    /// Error of the key for session tokens, or of the operator's password.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Error of `admin` or `admin-link`.
    #[error(transparent)]
    Console(#[from] ConsoleError),
    /// The operating system has no random numbers.
    #[error("the operating system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// Error of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `move-store` between two files or two databases.
    #[cfg(feature = "postgres")]
    #[error(
        "`move-store` copies from a file to a database, or back: {0} move-store sqlite postgres://…. For another \
         data directory, use `{0} backup` and `{0} restore`; for another database, the tools of PostgreSQL",
        program()
    )]
    SameKind,
    /// Error of a command of the game.
    #[error("{0}")]
    Game(String),
    /// Error of a listener.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Error of a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Error of TLS.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// Error of `notify-test`.
    #[error(transparent)]
    Notify(#[from] TestError),
    /// `health` found no server.
    #[error(transparent)]
    NotRunning(#[from] NotRunning),
    /// `doctor` found a problem.
    #[error(transparent)]
    Unwell(#[from] Unwell),
    /// Error of `setup-player`.
    #[error(transparent)]
    Player(#[from] PlayerError),
    /// A change of Windows failed.
    #[cfg(windows)]
    #[error(transparent)]
    Windows(#[from] windows::WindowsError),
    /// The signal handlers cannot be installed.
    #[error("cannot watch for Ctrl-C and SIGTERM: {0}")]
    Signals(#[source] io::Error),
    /// The game cannot be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Error of the trace.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The thread for messages to the webhook cannot be started.
    #[error("cannot start a thread for notify-url: {0}; the server can start without that setting")]
    Notifier(#[source] io::Error),
}

/// Carries out the command of the command line. Returns `None` if it is done, or a host that is ready to serve. The
/// arguments are those of the process without the program's name.
///
/// ```no_run
/// use mmcos_core::game::Game;
/// use mmcos_std::host::{self, HostError};
///
/// fn run<G: Game>() -> Result<(), HostError> {
///     if let Some(host) = host::start::<G>(std::env::args_os().skip(1))? {
///         print!("{}", host.setup);
///         // Serve `host.http` and `host.https` until `host.signals`.
///     }
///     Ok(())
/// }
/// ```
pub fn start<G: Game>(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
) -> Result<Option<Host<G>>, HostError> {
    let info = &G::INFO;
    program::set_name(info.name);
    let cli = Cli::parse(arguments, info)?;
    #[cfg(windows)]
    let named_data_dir =
        cli.flags.iter().find(|(key, _)| key == "data-dir").map(|(_, path)| PathBuf::from(path));
    let sources = Sources::of_process(cli.file, cli.flags);
    match cli.command {
        Command::Serve => return Host::start(&sources.load::<G>()?).map(Some),
        Command::Config(None) => print(&sources.load::<G>()?),
        Command::Config(Some(file)) => {
            let write = |text: &str| File::create_new(&file)?.write_all(text.as_bytes());
            write(&sources.load::<G>()?.to_string())
                .map_err(|source| HostError::ConfigFile(file.clone(), source))?;
            print(&format_args!("Wrote {}\n", file.display()));
        }
        Command::Backup(file) => {
            let saved = AnyStore::<G::Record>::backup(&place::<G>(&sources)?, &file)?;
            first_run::note_backup(&data_dir::<G>(&sources)?, Clock::start().now().wall);
            print(&format_args!("Saved {saved} to {}\n", file.display()));
        }
        Command::Restore(file) => {
            // Checked before a directory is made for it.
            files::check_backup(G::Record::SCHEMA, &file)?;
            let Loaded { config, game, .. } = sources.load::<G>()?;
            let dir = DataDir::open(&config.data_dir)?;
            let game = G::new(&game, &Life::default())?;
            let mut server = Server::new(game, Limits::default(), Life::default().seed);
            let now = Clock::start().now().wall;
            let Restored { summary, path, old } = config.store.of(dir).restore(&file, &mut server, now)?;
            print(&format_args!("Restored {summary} from {} to {}\n", file.display(), path.display()));
            if let Some(old) = old {
                print(&format_args!("The replaced store is now {}\n", old.display()));
            }
        }
        Command::Health => {
            let data_dir = sources.load::<G>()?.config.data_dir;
            print(&format_args!("{}\n", running::health::<G>(&data_dir)?));
        }
        Command::Export(None) => {
            let out = &mut io::BufWriter::new(io::stdout().lock());
            AnyStore::<G::Record>::export(&place::<G>(&sources)?, out)?;
        }
        Command::Export(Some(file)) => {
            let exported = place::<G>(&sources)?.export_to(G::Record::SCHEMA, &file)?;
            print(&format_args!("Exported {exported} to {}\n", file.display()));
        }
        #[cfg(feature = "postgres")]
        Command::MoveStore(from, to) => {
            let dir = data_dir::<G>(&sources)?;
            let (source, target) = (from.of(dir.clone()), to.of(dir));
            let moved = source.copy_to(&target, G::Record::SCHEMA)?.ok_or(HostError::SameKind)?;
            print(&format_args!(
                "Copied {moved} and compared the two. Now set `store` to the new place; the old store stays as it is\n"
            ));
        }
        Command::Doctor => {
            let report = doctor::examine::<G>(&sources.load::<G>()?);
            print(&report);
            report.verdict()?;
        }
        Command::SetupPlayer(action) => print(&player::run(info, &action)?),
        #[cfg(windows)]
        Command::Firewall(action) => print(&windows::firewall(info, action)?),
        #[cfg(windows)]
        Command::Service(ServiceAction::Run) => {
            windows::service::attach()?;
            // Before the settings are read: the log says what is wrong with them.
            if let Some(Ok(file)) = named_data_dir.as_deref().map(windows::service::log_file) {
                logging::write_to(file);
            }
            return Host::start(&sources.load::<G>()?).map(Some);
        }
        #[cfg(windows)]
        Command::Service(action) => print(&windows::change_service(info, action, named_data_dir.as_deref())?),
        Command::Admin(Admin::Help(help)) => print(&help),
        Command::Admin(Admin::Request(request)) => print(&admin::run(&data_dir::<G>(&sources)?, &request)?),
        Command::Completions(script) => print(&script),
        Command::Complete(words) => print(&complete::candidates(info, Keys::of::<G>(), &words)),
        Command::Manual => print(&manual::page(info, Keys::of::<G>())),
        Command::AdminLink => print(&operator::link(&data_dir::<G>(&sources)?)?),
        Command::NotifyTest => print(&notify::test(info.name, &sources.load::<G>()?.config)?),
        Command::Game(name, argument) => {
            let now = Clock::start().now().wall;
            let command = info.commands.iter().find(|command| command.name == name);
            let text = command.map(|command| (command.run)(&argument, now)).transpose();
            print(&text.map_err(HostError::Game)?.unwrap_or_default());
        }
        Command::Help => print(&cli::help(info, Keys::of::<G>())),
        Command::Version => print(&format_args!("{}\n", info.program())),
    }
    Ok(None)
}

fn data_dir<G: Game>(sources: &Sources) -> Result<DataDir, HostError> {
    let path = sources.load::<G>()?.config.data_dir;
    DataDir::find(&path)?.ok_or_else(|| HostError::NoDataDir(path.to_path_buf()))
}

/// Returns the place of the store.
fn place<G: Game>(sources: &Sources) -> Result<Place, HostError> {
    Ok(sources.load::<G>()?.config.store.of(data_dir::<G>(sources)?))
}

/// Prints to a reader that may close early, as in `mmcos config | head`.
fn print(text: &impl fmt::Display) {
    let _ = write!(io::stdout(), "{text}");
}

impl<G: Game> Host<G> {
    /// Starts the log, opens the data directory, and listens.
    pub fn start(loaded: &Loaded<G::Settings>) -> Result<Self, HostError> {
        let info = &G::INFO;
        let Loaded { config, game, file, warnings, .. } = loaded.clone();
        logging::start(config.log.0);
        let clock = Clock::start();
        warn(&warnings, clock);
        if config.http.is_none() && config.https.is_none() {
            return Err(HostError::NothingToServe);
        }
        if let Err(too_few) = open_files::allow_connections(config.max_connections.get()) {
            log::warn!("{too_few}");
        }
        let data_dir = DataDir::open(&config.data_dir)?;
        let key = ServerKey::load_or_make(&data_dir)?;
        let password = OperatorPassword::load_or_make(&data_dir)?;
        let (store, Listeners { http, https, admin }) = open_and_listen(&config, &data_dir)?;
        let addresses = setup::addresses();
        let setup = Setup {
            info,
            http: http.as_ref().map(Into::into),
            https: https.as_ref().map(Into::into),
            admin: admin.as_ref().map(Into::into),
            data_dir: data_dir.path().to_owned(),
            config_file: file,
            has_page: operator::has_pages(&config),
            public_address: config.public_address.clone(),
            addresses,
        };
        let console =
            if info.has_dashboard && operator::has_dashboard(&config) { Console::new(&setup)? } else { None };
        // The store is open and so locked: this does not overwrite the file of a running server.
        if let Some(Err(error)) = console.as_ref().map(|console| console.write(&data_dir)) {
            log::warn!("`{} admin-link` will not work: {error}", info.name);
        }
        if let Err(error) = running::write(&data_dir, loaded, &setup) {
            log::warn!("`{0} doctor` and `{0} health` will not find this server: {error}", info.name);
        }
        let source = Source {
            data_dir: data_dir.clone(),
            certificate: config.certificate.clone(),
            key: config.key.clone(),
            info,
            addresses: setup.addresses.clone(),
            clock,
        };
        let https = https.map(|bound| Https::start(bound, source)).transpose()?;
        let signals = Signals::install().map_err(HostError::Signals)?;
        Ok(Self {
            config,
            game,
            clock,
            data_dir,
            key,
            password,
            console,
            store,
            http,
            https,
            admin,
            signals,
            setup,
        })
    }

    /// Returns the lines about the dashboard that are printed at the start.
    pub fn dashboard(&self) -> Dashboard<'_> {
        let shows_password = io::stdout().is_terminal();
        let reach = match self.setup.admin {
            Some(admin) if admin.address.ip().is_loopback() => Reach::ThisMachine(admin.address),
            _ if self.config.admin_networks.is_open() => Reach::All,
            _ => Reach::Networks,
        };
        Dashboard { console: self.console.as_ref(), password: &self.password, shows_password, reach }
    }
}

/// The listening sockets.
struct Listeners {
    http: Option<Bound>,
    https: Option<Bound>,
    admin: Option<Bound>,
}

/// Opens the store, and then the listeners. Where another server leads, listens first, and stands by.
fn open_and_listen<R: Row>(
    config: &Config,
    data_dir: &DataDir,
) -> Result<(AnyStore<R>, Listeners), HostError> {
    let place = config.store.of(data_dir.clone());
    match AnyStore::open_patiently(&place) {
        #[cfg(feature = "postgres")]
        Err(leads @ StoreError::Leads { .. }) => {
            let listeners = listen(config)?;
            let plain = [&listeners.http, &listeners.admin].into_iter().flatten();
            Ok((standby::wait(plain, &place, &leads)?, listeners))
        }
        store => Ok((store?, listen(config)?)),
    }
}

/// Opens the listeners. Inherited sockets are used as far as they match.
fn listen(config: &Config) -> Result<Listeners, ListenError> {
    let mut inherited = Inherited::take();
    let http = config.http.map(|wanted| inherited.bind(wanted)).transpose()?;
    let https = config.https.map(|wanted| inherited.bind(wanted)).transpose()?;
    let address = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.address);
    let game = [("http", address(&http)), ("https", address(&https))];
    let admin = match config.admin_listen {
        Some(_) if !operator::has_dashboard(config) => {
            log::warn!("admin-listen is {}", operator::UNUSED_LISTENER);
            None
        }
        Some(wanted) => Some(inherited.bind(wanted).map_err(|error| error.within("admin-listen", game))?),
        None => None,
    };
    for address in inherited.unused() {
        log::warn!(
            "unused socket of the service manager: {address} is neither `http` nor `https` nor `admin-listen`"
        );
    }
    Ok(Listeners { http, https, admin })
}

impl Https {
    fn start(bound: Bound, source: Source) -> Result<Self, HostError> {
        let certificates = source.certificates()?;
        let authority = certificates.authority.clone();
        let tls = Tls::new(certificates)?;
        Ok(Self { bound, tls: tls.clone(), authority, renewal: Renewal { tls, source } })
    }
}

impl Renewal {
    /// Renews certificates that end soon, and loads a renewed one of the operator's. Reads and may write files. Logs
    /// errors and keeps the old certificates.
    pub fn run(&self) {
        match self.source.certificates() {
            Ok(certificates) => self.tls.replace(certificates),
            Err(error) => log::error!("cannot renew the certificates: {error}"),
        }
    }
}

impl Source {
    fn certificates(&self) -> Result<Certificates, CertificateError> {
        let (certificate, key) = (self.certificate.as_deref(), self.key.as_deref());
        let now = self.clock.now().wall;
        let subject = Subject { info: self.info, addresses: &self.addresses };
        Certificates::load_or_make(&self.data_dir, certificate, key, subject, now)
    }
}

fn warn(warnings: &[String], clock: Clock) {
    for warning in warnings {
        log::warn!("{warning}");
    }
    if !clock::is_set(clock.now().wall) {
        log::warn!("{}", clock::NOT_SET);
    }
}
