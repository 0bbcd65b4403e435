//! Tells friends by a webhook of what happens in the game, such as a search while nobody else searches (`notify-url`;
//! off without it).
//!
//! The game says what that is, by a [`Notice`]. Nothing here may hold up the game: the hub only puts a message
//! into a short queue, and a thread of its own sends it. What cannot be queued or sent is a line in the log.

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
pub use post::{Answer, PostError};
pub use url::WebhookUrl;

pub(crate) use post::root_certificates;

use crate::config::Config;
use crate::driver::Witness;

/// How many messages may wait while one is on its way.
const QUEUE: usize = 2;

/// Where to tell it, and how it wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where.
    pub url: WebhookUrl,
    /// How.
    pub format: Format,
}

impl Webhook {
    /// The configured one; `None` if nobody is to be told.
    pub fn of(config: &Config) -> Option<Self> {
        Some(Self { url: config.notify_url.clone()?, format: config.notify_format })
    }

    /// Sends a message and waits for the answer, 10 seconds at most.
    pub fn send(&self, notice: &Notice) -> Result<Answer, PostError> {
        let (content_type, body) = message::body(notice, self.format);
        post::post(&self.url, content_type, &body)
    }
}

/// Hears what happens, and has the webhook told of what friends should know.
#[derive(Debug)]
pub struct Notifier {
    queue: SyncSender<Notice>,
    quiet: Quiet,
    /// Whether the last message did not arrive.
    failed: Arc<AtomicBool>,
}

impl Notifier {
    /// Tells this webhook, at most once in `quiet`. Fails if the system gives no thread.
    pub fn start(webhook: Webhook, quiet: Duration) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&failed);
        thread::Builder::new().name("notify".to_owned()).spawn(move || tell(&webhook, &messages, &told))?;
        Ok(Self { queue, quiet: Quiet { least: quiet, last: None }, failed })
    }

    fn hear(&mut self, now: Monotonic, notice: Notice) {
        // What did not arrive disturbed nobody.
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

/// Sends one message after the other, until nobody can bring more.
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

/// The time after a message in which there is no other one.
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

/// Why `mmcos notify-test` did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// There is no webhook.
    #[error(
        "notify-url is empty, so nobody is told of searches: give it the URL of a webhook of Discord, Slack, ntfy or \
         your own"
    )]
    NoUrl,
    /// It did not arrive.
    #[error("the test message did not arrive: {0}{said}", said = said(.0))]
    Failed(#[from] PostError),
}

/// Sends a test message, and says what the other end answered.
pub fn test(program: &str, config: &Config) -> Result<String, TestError> {
    let webhook = Webhook::of(config).ok_or(TestError::NoUrl)?;
    let answer = webhook.send(&message::test(program))?;
    Ok(format!("{} took the test message: {answer}\n", webhook.url.host()))
}

fn said(error: &PostError) -> String {
    match error {
        PostError::Refused { answer, .. } if !answer.said.is_empty() => {
            format!(" (it says: {})", answer.said)
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
