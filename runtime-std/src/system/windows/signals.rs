//! Ctrl-C, the closing of the console window, log-off, shutdown, and the stop of a service.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::signal::windows::{self, CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};

use crate::signals::Request;

/// Exit code after a second Ctrl-C, as of a shell.
const INTERRUPTED: i32 = 130;

static STOP: Stop = Stop { is_requested: Mutex::new(false), changed: Condvar::new() };

struct Stop {
    is_requested: Mutex<bool>,
    changed: Condvar,
}

/// Requests that the server of this process stops.
pub(crate) fn request_stop() {
    *STOP.is_requested.lock().unwrap_or_else(PoisonError::into_inner) = true;
    STOP.changed.notify_all();
}

/// Receives the events that end a program with a console.
#[derive(Debug)]
pub struct Signals(());

impl Signals {
    /// Receives events from now on. Call it once in a process.
    pub fn install() -> io::Result<Self> {
        // Windows tells a service of every user's log-off, which must not stop it.
        if super::service::is_attached() {
            return Ok(Self(()));
        }
        let mut events = Events::register()?;
        let watch = move || {
            events.wait();
            request_stop();
            events.wait();
            std::process::exit(INTERRUPTED)
        };
        thread::Builder::new().name("signals".to_owned()).spawn(watch)?;
        Ok(Self(()))
    }

    /// Blocks until the server must stop; `None` after `patience`.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Option<Request>> {
        let is_requested = STOP.is_requested.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = STOP.changed.wait_timeout_while(is_requested, patience, |is_requested| !*is_requested);
        let (is_requested, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Ok(is_requested.then_some(Request::Stop))
    }
}

/// The events. Windows ends the process a few seconds after the last three, and at once if their handler returns: the
/// handler of this library does not return.
struct Events {
    ctrl_c: CtrlC,
    ctrl_break: CtrlBreak,
    close: CtrlClose,
    log_off: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Events {
    fn register() -> io::Result<Self> {
        Ok(Self {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            log_off: windows::ctrl_logoff()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

    /// Blocks until the next event.
    fn wait(&mut self) {
        let waker = Arc::new(Unpark(thread::current())).into();
        let mut cx = Context::from_waker(&waker);
        while self.poll(&mut cx).is_pending() {
            thread::park();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_ready = self.ctrl_c.poll_recv(cx).is_ready()
            || self.ctrl_break.poll_recv(cx).is_ready()
            || self.close.poll_recv(cx).is_ready()
            || self.log_off.poll_recv(cx).is_ready()
            || self.shutdown.poll_recv(cx).is_ready();
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
