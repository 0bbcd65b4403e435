//! Sends messages to a webhook about the game, such as a search while no other player searches (`notify-url`; off
//! without it).
//!
//! The game decides on a message and its text by a [`Notice`]. Nothing here may delay the game: the hub only puts a
//! message into a short queue, and a separate thread sends it. If a message cannot be queued or sent, a line in the
//! log says so.

mod message;
mod post;
mod url;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use mmcos_core::notice::Notice;
use mmcos_core::seam::{Core, Monotonic, Report as _};

pub use message::Format;
pub use post::{PostError, Response};
pub use url::WebhookUrl;

pub(crate) use post::root_certificates;

use crate::config::Config;
use crate::driver::Witness;

/// Maximum number of messages that wait while one is being sent.
const QUEUE: usize = 2;

/// Address and format of the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Address.
    pub url: WebhookUrl,
    /// Format of a message.
    pub format: Format,
}

impl Webhook {
    /// Returns the configured webhook, or `None` without one.
    pub fn of(config: &Config) -> Option<Self> {
        Some(Self { url: config.notify_url.clone()?, format: config.notify_format })
    }

    /// Sends a message and waits for the response, at most 10 seconds.
    pub fn send(&self, notice: &Notice) -> Result<Response, PostError> {
        let (content_type, body) = message::body(notice, self.format);
        post::post(&self.url, content_type, &body)
    }
}

/// Sends the game's notices to the webhook.
#[derive(Debug)]
pub struct Notifier {
    queue: SyncSender<Notice>,
    /// Minimum time between two messages.
    quiet: Duration,
    /// Time of the last message.
    last: Option<Monotonic>,
    /// True if the last message did not arrive.
    failed: Arc<AtomicBool>,
}

impl Notifier {
    /// Sends to this webhook, at most once in `quiet`. Fails if the system cannot start a thread.
    pub fn start(webhook: Webhook, quiet: Duration) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let sent = Arc::clone(&failed);
        thread::Builder::new()
            .name("notify".to_owned())
            .spawn(move || send_all(&webhook, &messages, &sent))?;
        Ok(Self { queue, quiet, last: None, failed })
    }

    fn notify(&mut self, now: Monotonic, notice: Notice) {
        // A message that did not arrive has not disturbed anyone.
        if self.failed.swap(false, Ordering::Relaxed) {
            self.last = None;
        }
        if self.last.is_some_and(|last| now.since(last) < self.quiet) {
            return;
        }
        if self.queue.try_send(notice).is_ok() {
            self.last = Some(now);
        } else {
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
            self.notify(at, notice);
        }
    }
}

/// Sends the messages one by one, until all senders are gone.
fn send_all(webhook: &Webhook, messages: &Receiver<Notice>, failed: &AtomicBool) {
    for message in messages {
        match webhook.send(&message) {
            Ok(_) => log::info!("sent a message to {}", webhook.url.host()),
            Err(error) => {
                failed.store(true, Ordering::Relaxed);
                log::warn!("message to notify-url not sent: {error}");
            }
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
