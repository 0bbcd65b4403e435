//! The server as a Windows service: it starts with the PC, without anyone logged in.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use mmcos_core::info::Info;
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceControlAccept,
    ServiceErrorControl, ServiceExitCode, ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo,
    ServiceStartType, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::service_dispatcher;
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::permissions::{self, LOCAL_SERVICE};
use super::signals::request_stop;
use super::{WindowsError, firewall};
use crate::host::program::name as program;

/// Account of the service: it can listen on ports, and change nothing of other users.
const ACCOUNT: &str = r"NT AUTHORITY\LocalService";
/// Time between a crash and the next start.
const RESTART: Duration = Duration::from_secs(5);
/// Time in which a server starts or stops.
const PATIENCE: Duration = Duration::from_secs(10);
/// Size at which the log file of the service makes room for a new one, at a start.
const LOG_LIMIT: u64 = 5_000_000;

static STATUS: OnceLock<ServiceStatusHandle> = OnceLock::new();
static CONNECTED: Mutex<Option<Sender<windows_service::Result<()>>>> = Mutex::new(None);
static END: End = End { has_come: Mutex::new(false), changed: Condvar::new() };

struct End {
    has_come: Mutex<bool>,
    changed: Condvar,
}

windows_service::define_windows_service!(ffi_service_main, service_main);

/// Returns true if the service manager has started this process.
pub(crate) fn is_attached() -> bool {
    STATUS.get().is_some()
}

/// Connects this process to the service manager, whose "stop" then stops the server. Fails in a process that Windows
/// has not started as a service.
pub(crate) fn attach() -> Result<(), WindowsError> {
    let what = "connecting to Windows' service manager (`service run` is for it alone; use `service start`)";
    let (connected, wait) = channel();
    *CONNECTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(connected.clone());
    // The dispatcher returns when the service has ended.
    let dispatch = move || {
        if let Err(error) = service_dispatcher::start(program(), ffi_service_main) {
            let _ = connected.send(Err(error));
        }
    };
    let spawned = thread::Builder::new().name("service".to_owned()).spawn(dispatch);
    spawned.map_err(WindowsError::system(what))?;
    wait.recv().unwrap_or(Ok(())).map_err(|error| of(what, error))
}

/// Runs on a thread of the dispatcher until the server has ended.
fn service_main(_: Vec<OsString>) {
    let registered = service_control_handler::register(program(), |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            report(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
            request_stop();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    });
    let connected = registered.map(|handle| {
        // Windows calls this function once in a process.
        let _ = STATUS.set(handle);
    });
    let has_failed = connected.is_err();
    report(ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    if let Some(waiting) = CONNECTED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = waiting.send(connected);
    }
    if has_failed {
        return;
    }
    let has_come = END.has_come.lock().unwrap_or_else(PoisonError::into_inner);
    drop(END.changed.wait_while(has_come, |has_come| !*has_come));
}

/// Reports that the server accepts clients. Does nothing in a process that is no service.
pub(crate) fn ready() {
    report(ServiceState::Running, ServiceExitCode::NO_ERROR);
}

/// Reports that the server has ended. Does nothing in a process that is no service.
pub(crate) fn ended(is_success: bool) {
    let code = if is_success { ServiceExitCode::NO_ERROR } else { ServiceExitCode::ServiceSpecific(1) };
    report(ServiceState::Stopped, code);
    *END.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
    END.changed.notify_all();
}

fn report(current_state: ServiceState, exit_code: ServiceExitCode) {
    let Some(status) = STATUS.get() else { return };
    let is_running = current_state == ServiceState::Running;
    let controls = if is_running {
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
    } else {
        ServiceControlAccept::empty()
    };
    let is_passing = matches!(current_state, ServiceState::StartPending | ServiceState::StopPending);
    // There is nothing to do if Windows does not want to know.
    let _ = status.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state,
        controls_accepted: controls,
        exit_code,
        checkpoint: u32::from(is_passing),
        wait_hint: if is_passing { PATIENCE } else { Duration::ZERO },
        process_id: None,
    });
}

/// Opens the log file of the service in its data directory: a service has no console.
pub(crate) fn log_file(data_dir: &Path) -> io::Result<File> {
    let path = data_dir.join(format!("{}.log", program()));
    if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_LIMIT) {
        fs::rename(&path, path.with_extension("old.log"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// Installs this program as a service, or updates one that is installed, and starts it. Returns the text to print.
pub(crate) fn install(info: &Info, data_dir: Option<&Path>) -> Result<String, WindowsError> {
    let what = "installing the service";
    let failed = WindowsError::system(what);
    let manager = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE, what)?;
    let old = manager.open_service(info.name, ServiceAccess::all()).ok();
    if let Some(old) = &old {
        stop_and_wait(old, what)?;
    }
    let executable_path = install_program(info.name).map_err(&failed)?;
    let data_dir = match data_dir {
        // A service starts in another directory.
        Some(named) => std::path::absolute(named).map_err(&failed)?,
        None => known("ProgramData", r"C:\ProgramData").join(info.name),
    };
    fs::create_dir_all(&data_dir).map_err(&failed)?;
    permissions::restrict(&data_dir, LOCAL_SERVICE)?;
    let service_info = ServiceInfo {
        name: info.name.into(),
        display_name: format!("{} ({})", info.title, info.name).into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: executable_path.clone(),
        launch_arguments: ["service", "run", "--data-dir"]
            .map(OsString::from)
            .into_iter()
            .chain([data_dir.clone().into()])
            .collect(),
        dependencies: Vec::new(),
        account_name: Some(ACCOUNT.into()),
        account_password: None,
    };
    let service = match old {
        Some(service) => {
            service.change_config(&service_info).map_err(|error| of(what, error))?;
            service
        }
        None => {
            manager.create_service(&service_info, ServiceAccess::all()).map_err(|error| of(what, error))?
        }
    };
    let _ = service.set_description(format!("Server for the online services of {}.", info.title));
    let restart = ServiceAction { action_type: ServiceActionType::Restart, delay: RESTART };
    let actions = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_hours(1)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![restart.clone(), restart.clone(), restart]),
    };
    let has_restart = service.update_failure_actions(actions).is_ok();
    let firewall = match firewall::add(info.name, &executable_path) {
        Ok(()) => "The firewall lets players through to it.".to_owned(),
        Err(error) => format!("ATTENTION: {error}."),
    };
    start_and_wait(&service, "starting the service")?;
    let restarts = if has_restart { ", and again after a crash" } else { "" };
    Ok(format!(
        "Installed and started the service {name}. It starts with Windows{restarts}.\n\
         Program   {program}\n\
         Data      {data}\n\
         Settings  {settings} ({name} config FILE makes one; then: {name} service stop, {name} service start)\n\
         Log       {log}\n\
         {firewall}\n\
         For doctor, backup and admin-link add, in a terminal of an administrator: --data-dir \"{data}\"\n",
        name = info.name,
        program = executable_path.display(),
        data = data_dir.display(),
        settings = data_dir.join(format!("{}.toml", info.name)).display(),
        log = data_dir.join(format!("{}.log", info.name)).display(),
    ))
}

/// Stops and removes the service, its program and its firewall rule. Leaves its data alone.
pub(crate) fn remove(info: &Info) -> Result<String, WindowsError> {
    let what = "removing the service";
    let service = opened(info, what)?;
    stop_and_wait(&service, what)?;
    let data_dir = known("ProgramData", r"C:\ProgramData").join(info.name);
    service.delete().map_err(|error| of(what, error))?;
    let program = program_path(info.name);
    let _ = firewall::remove(&program);
    let left = match fs::remove_file(&program) {
        Ok(()) => String::new(),
        Err(error) => format!("{} is still there: {error}\n", program.display()),
    };
    let _ = program.parent().map(fs::remove_dir);
    Ok(format!(
        "Removed the service {}. Its data stays where it is (usually {}).\n{left}",
        info.name,
        data_dir.display()
    ))
}

/// Starts the installed service.
pub(crate) fn start(info: &Info) -> Result<String, WindowsError> {
    let what = "starting the service";
    start_and_wait(&opened(info, what)?, what)?;
    Ok(format!("Started the service {}.\n", info.name))
}

/// Stops the installed service, and waits until it has stopped.
pub(crate) fn stop(info: &Info) -> Result<String, WindowsError> {
    let what = "stopping the service";
    stop_and_wait(&opened(info, what)?, what)?;
    Ok(format!("Stopped the service {}.\n", info.name))
}

fn opened(info: &Info, what: &'static str) -> Result<Service, WindowsError> {
    let manager = manager(ServiceManagerAccess::CONNECT, what)?;
    manager.open_service(info.name, ServiceAccess::all()).map_err(|error| of(what, error))
}

fn manager(access: ServiceManagerAccess, what: &'static str) -> Result<ServiceManager, WindowsError> {
    ServiceManager::local_computer(None::<&OsStr>, access).map_err(|error| of(what, error))
}

fn start_and_wait(service: &Service, what: &'static str) -> Result<(), WindowsError> {
    service.start::<&OsStr>(&[]).map_err(|error| of(what, error))?;
    match settled(service, what)? {
        ServiceState::Running => Ok(()),
        _ => {
            let said =
                format!("the server ended; the log in its data directory, {}.log, says why", program());
            Err(WindowsError::Tool { what, said })
        }
    }
}

fn stop_and_wait(service: &Service, what: &'static str) -> Result<(), WindowsError> {
    // A service that is starting refuses to stop.
    if settled(service, what)? == ServiceState::Stopped {
        return Ok(());
    }
    service.stop().map_err(|error| of(what, error))?;
    match settled(service, what)? {
        ServiceState::Stopped => Ok(()),
        _ => Err(WindowsError::Tool { what, said: "the service does not stop".to_owned() }),
    }
}

/// Waits until the service is no longer starting or stopping, and returns its state.
fn settled(service: &Service, what: &'static str) -> Result<ServiceState, WindowsError> {
    let step = Duration::from_millis(100);
    let mut waited = Duration::ZERO;
    loop {
        let state = service.query_status().map_err(|error| of(what, error))?.current_state;
        let is_passing = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
        if !is_passing || waited > PATIENCE {
            return Ok(state);
        }
        thread::sleep(step);
        waited = waited.saturating_add(step);
    }
}

/// Copies this program to a directory that only administrators can write to: the service's account must be able to
/// start it, and no other user may replace it.
fn install_program(name: &str) -> io::Result<PathBuf> {
    let (from, to) = (std::env::current_exe()?, program_path(name));
    if from != to {
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(from, &to)?;
    }
    Ok(to)
}

fn program_path(name: &str) -> PathBuf {
    known("ProgramFiles", r"C:\Program Files").join(name).join(format!("{name}.exe"))
}

fn known(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| usual.into(), PathBuf::from)
}

fn of(what: &'static str, error: windows_service::Error) -> WindowsError {
    match error {
        windows_service::Error::Winapi(source) => WindowsError::system(what)(source),
        other => WindowsError::Tool { what, said: other.to_string() },
    }
}
