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
    quiet: Quiet,
    /// True if the last message did not arrive.
    failed: Arc<AtomicBool>,
}

impl Notifier {
    /// Sends to this webhook, at most once in `quiet`. Fails if the system cannot start a thread.
    pub fn start(webhook: Webhook, quiet: Duration) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&failed);
        thread::Builder::new().name("notify".to_owned()).spawn(move || tell(&webhook, &messages, &told))?;
        Ok(Self { queue, quiet: Quiet { least: quiet, last: None }, failed })
    }

    fn hear(&mut self, now: Monotonic, notice: Notice) {
        // A message that did not arrive has not disturbed anyone.
        if self.failed.swap(false, Ordering::Relaxed) {
            self.quiet.last = None;
        }
        if !self.quiet.is_over(now) {
            return;
        }
        if self.queue.try_send(notice).is_ok() {
            self.quiet.last = Some(now);
        } else {
            log::warn!(
                "nobody was told of this: earlier messages are still under way, since notify-url is slow; \
                 a longer notify-quiet-seconds asks less of it"
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

/// Sends the messages one by one, until all senders are gone.
fn tell(webhook: &Webhook, messages: &Receiver<Notice>, failed: &AtomicBool) {
    for message in messages {
        match webhook.send(&message) {
            Ok(_) => log::info!("told {} the news", webhook.url.host()),
            Err(error) => {
                failed.store(true, Ordering::Relaxed);
                log::warn!("nobody was told the news: {error}");
            }
        }
    }
}

/// Minimum time between two messages.
#[derive(Debug)]
struct Quiet {
    least: Duration,
    last: Option<Monotonic>,
}

impl Quiet {
    /// Returns whether there may be a message now.
    fn is_over(&self, now: Monotonic) -> bool {
        self.last.is_none_or(|last| now.since(last) >= self.least)
    }
}

/// Error of `mmcos notify-test`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// No webhook is configured.
    #[error(
        "notify-url is empty, so nobody is told of searches: give it the URL of a webhook of Discord, Slack, ntfy or \
         your own"
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
    Ok(format!("{} took the test message: {response}\n", webhook.url.host()))
}

fn said(error: &PostError) -> String {
    match error {
        PostError::Refused { response, .. } if !response.said.is_empty() => {
            format!(" (it says: {})", response.said)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_message_it_is_quiet_for_as_long_as_the_host_says() {
        let at = |seconds| Monotonic::default().after(Duration::from_secs(seconds));
        let quiet = Quiet { least: Duration::from_mins(1), last: Some(at(0)) };
        assert_eq!(
            [0, 1, 59, 60, 300].map(|seconds| quiet.is_over(at(seconds))),
            [false, false, false, true, true]
        );
        assert!(Quiet { least: Duration::from_mins(1), last: None }.is_over(at(0)));
        assert!(Quiet { least: Duration::ZERO, last: Some(at(0)) }.is_over(at(0)));
    }
}
