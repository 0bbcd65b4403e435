//! The thread that sends messages, one by one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use mmcos_core::notice::{CallState, Notice, Topic};

use super::{PostError, Webhook};

/// Maximum time that a webhook can ask to wait. (Our choice.)
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Age at which news are too old to be sent. (Our choice.)
const STALE: Duration = Duration::from_mins(10);

/// Messages that wait, and what is known of those that were sent.
#[derive(Debug)]
pub(super) struct Sender {
    webhook: Webhook,
    pending: VecDeque<(Instant, Notice)>,
    /// Call whose message can be changed, and the number of the message.
    shown: Option<(u32, String)>,
    /// Call whose message did not arrive: later news of it mean nothing to friends.
    lost: Option<u32>,
    /// Time before which the webhook wants no message.
    not_before: Option<Instant>,
    /// Set if a message did not arrive.
    failed: Arc<AtomicBool>,
}

impl Sender {
    pub(super) const fn new(webhook: Webhook, failed: Arc<AtomicBool>) -> Self {
        Self { webhook, pending: VecDeque::new(), shown: None, lost: None, not_before: None, failed }
    }

    /// Sends the messages until all senders are gone.
    pub(super) fn run(mut self, messages: &Receiver<Notice>) {
        loop {
            let now = Instant::now();
            let received = match (self.pending.is_empty(), self.not_before) {
                (true, _) => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                (false, Some(until)) if until > now => {
                    messages.recv_timeout(until.saturating_duration_since(now))
                }
                // News of the same call that have come meanwhile go out as one message.
                (false, _) => messages.recv_timeout(Duration::ZERO),
            };
            match received {
                Ok(notice) => self.add(notice),
                Err(RecvTimeoutError::Timeout) => self.send(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Adds a message. Later news of a call replace those that were not sent yet.
    fn add(&mut self, notice: Notice) {
        if let Topic::Update { call, state } = notice.topic {
            let same = |(_, pending): &&mut (Instant, Notice)| match pending.topic {
                Topic::Call(number) | Topic::Update { call: number, .. } => number == call,
                Topic::News => false,
            };
            if let Some((_, pending)) = self.pending.iter_mut().find(same) {
                *pending = Notice { topic: pending.topic, ..notice };
                return;
            }
            // A message of its own that no friend needs to read.
            if state == CallState::Over && self.shown.as_ref().is_none_or(|(shown, _)| *shown != call) {
                return;
            }
        }
        self.pending.push_back((Instant::now(), notice));
    }

    /// Sends the oldest message.
    fn send(&mut self) {
        let Some((since, notice)) = self.pending.pop_front() else { return };
        let host = self.webhook.url.host();
        if since.elapsed() > STALE {
            return log::warn!("message to notify-url dropped: {host} accepted none for too long");
        }
        if matches!(notice.topic, Topic::Update { call, .. } if self.lost == Some(call)) {
            return;
        }
        let number = match (&self.shown, notice.topic) {
            (Some((call, number)), Topic::Update { call: of, .. }) if *call == of => Some(number.as_str()),
            _ => None,
        };
        match self.webhook.send_or_change(&notice, number) {
            Ok(response) => {
                log::info!("sent a message to {host}");
                if let Topic::Call(call) = notice.topic {
                    self.shown = response.number.map(|number| (call, number));
                }
            }
            Err(PostError::TooMany(_, retry_after)) => {
                let wait = retry_after.min(LONGEST_WAIT);
                log::warn!("{host} asks to wait {} s before the next message", wait.as_secs_f64().ceil());
                self.not_before = Instant::now().checked_add(wait);
                self.pending.push_front((since, notice));
            }
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                if let Topic::Call(call) = notice.topic {
                    self.lost = Some(call);
                }
                log::warn!("message to notify-url not sent: {error}");
            }
        }
    }
}
