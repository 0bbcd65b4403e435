//! Sends messages to a webhook about the game, such as a search while no other player searches (`notify-url`; off
//! without it).
//!
//! The game decides on a message and its text by a [`Notice`]. Nothing here may delay the game: the hub only puts a
//! message into a short queue, and a separate thread sends it. If a message cannot be queued or sent, a line in the
//! log says so.

mod mention;
mod message;
mod post;
mod quiet;
mod sender;
mod url;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use mmcos_core::admin::ServerAddress;
use mmcos_core::notice::Notice;
use mmcos_core::seam::{Core, Monotonic, Report as _};
use mmcos_core::settings::Value as _;

pub use mention::Mention;
pub use message::Format;
pub use post::{PostError, Response};
pub use quiet::Quiet;
pub use url::WebhookUrl;

pub(crate) use post::root_certificates;

use message::Extras;
use sender::Sender;

use crate::config::Config;
use crate::driver::Witness;

/// Maximum number of messages that wait while one is being sent.
const QUEUE: usize = 4;

/// Address and format of the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Address.
    pub url: WebhookUrl,
    /// Format of a message.
    pub format: Format,
    extras: Extras,
}

impl Webhook {
    /// Returns the configured webhook, or `None` without one.
    pub fn of(config: &Config) -> Option<Self> {
        let url = config.notify_url.clone()?;
        let format = config.notify_format.of(&url);
        let page = config.public_address.as_ref().filter(|_| config.admin);
        let link = page.map(|address| match address {
            ServerAddress::Ip(IpAddr::V6(address)) => format!("http://[{address}]/"),
            ServerAddress::Ip(IpAddr::V4(_)) | ServerAddress::Name(_) => {
                format!("http://{}/", address.to_datum())
            }
        });
        Some(Self { url, format, extras: Extras { link, mention: config.notify_mention } })
    }

    /// Sends a message and waits for the response, at most 10 seconds.
    pub fn send(&self, notice: &Notice) -> Result<Response, PostError> {
        self.send_or_change(notice, None)
    }

    /// Sends a message, or changes the one with this number, and waits for the response.
    fn send_or_change(&self, notice: &Notice, number: Option<&str>) -> Result<Response, PostError> {
        let request = self.format.request(&self.url, notice, &self.extras, number);
        let mut response = post::post(&self.url, &request)?;
        response.number = self.format.number(&response.text);
        Ok(response)
    }
}

/// Sends the game's notices to the webhook.
#[derive(Debug)]
pub struct Notifier {
    queue: SyncSender<Notice>,
    quiet: Quiet,
    /// True if the last message did not arrive.
    failed: Arc<AtomicBool>,
}

impl Notifier {
    /// Sends to this webhook, with this [`Quiet`] time. Fails if the system cannot start a thread.
    pub fn start(webhook: Webhook, quiet: Duration) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let sender = Sender::new(webhook, Arc::clone(&failed));
        thread::Builder::new().name("notify".to_owned()).spawn(move || sender.run(&messages))?;
        Ok(Self { queue, quiet: Quiet::new(quiet), failed })
    }

    fn hear(&mut self, now: Monotonic, notice: Notice) {
        if self.failed.swap(false, Ordering::Relaxed) {
            self.quiet.not_arrived();
        }
        let before = self.quiet;
        if self.quiet.lets_through(now, notice.topic) && self.queue.try_send(notice).is_err() {
            self.quiet = before;
            log::warn!(
                "message to notify-url dropped: the webhook is slow, and earlier messages still wait; raise \
                 notify-quiet-seconds to send fewer"
            );
        }
    }
}

impl<C: Core> Witness<C> for Notifier {
    fn event(&mut self, at: Monotonic, event: &C::Event) {
        if let Some(notice) = event.notice() {
            self.hear(at, notice);
        }
    }
}

/// Error of `mmcos notify-test`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// No webhook is configured.
    #[error(
        "notify-url is empty, so no messages are sent: set it to the URL of a webhook of Discord, Slack, ntfy or your \
         own"
    )]
    NoUrl,
    /// The message did not arrive.
    #[error("the test message did not arrive: {0}{said}", said = said(.0))]
    Failed(#[from] PostError),
}

/// Sends a test message. Returns a text about the response.
pub fn test(program: &str, config: &Config) -> Result<String, TestError> {
    let webhook = Webhook::of(config).ok_or(TestError::NoUrl)?;
    let response = webhook.send(&message::test(program))?;
    Ok(format!("{} accepted the test message: {response}\n", webhook.url.host()))
}

fn said(error: &PostError) -> String {
    match error {
        PostError::Refused(_, response) if !response.said.is_empty() => {
            format!(" (it says: {})", response.said)
        }
        _ => String::new(),
    }
}
