use std::time::Duration;

use mmcos_core::notice::{CallState, Topic};
use mmcos_core::seam::Monotonic;

/// Minimum time between two calls, though the first was answered. (Our choice.)
const BREATH: Duration = Duration::from_mins(1);

/// Selects the news that are sent. A call that no friend answered is followed by a quiet time; one that was answered is
/// not, since it was welcome.
#[derive(Clone, Copy, Debug)]
pub struct Quiet {
    time: Duration,
    /// Time of the last call, and whether it was answered.
    last: Option<(Monotonic, bool)>,
    /// Number of the last call that was sent.
    sent: Option<u32>,
}

impl Quiet {
    /// Creates a selection with this quiet time.
    pub const fn new(time: Duration) -> Self {
        Self { time, last: None, sent: None }
    }

    /// Returns whether news of this topic are to be sent, and counts them as sent.
    pub fn lets_through(&mut self, now: Monotonic, topic: Topic) -> bool {
        match topic {
            Topic::News => true,
            Topic::Call(number) => {
                let is_quiet = self.last.is_some_and(|(last, was_answered)| {
                    let quiet = if was_answered { self.time.min(BREATH) } else { self.time };
                    now.since(last) < quiet
                });
                if !is_quiet {
                    (self.last, self.sent) = (Some((now, false)), Some(number));
                }
                !is_quiet
            }
            Topic::Update { call, state } => {
                let is_known = self.sent == Some(call);
                if let Some((_, was_answered)) = self.last.as_mut().filter(|_| is_known) {
                    *was_answered |= state == CallState::Met;
                }
                is_known
            }
        }
    }

    /// Notes that the last message did not arrive: it has not disturbed anyone.
    pub const fn not_arrived(&mut self) {
        (self.last, self.sent) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::default().after(Duration::from_secs(seconds))
    }

    #[test]
    fn after_a_call_it_is_quiet_for_as_long_as_the_host_says() {
        let called = || {
            let mut quiet = Quiet::new(Duration::from_mins(1));
            assert!(quiet.lets_through(at(0), Topic::Call(1)));
            quiet
        };
        assert_eq!(
            [0, 1, 59, 60, 300].map(|seconds| called().lets_through(at(seconds), Topic::Call(2))),
            [false, false, false, true, true]
        );
        assert!(called().lets_through(at(1), Topic::News));
        let mut never = Quiet::new(Duration::ZERO);
        assert!([1, 2].iter().all(|number| never.lets_through(at(0), Topic::Call(*number))));
        let mut lost = called();
        lost.not_arrived();
        assert!(lost.lets_through(at(1), Topic::Call(2)));
    }

    #[test]
    fn an_answered_call_is_followed_by_a_breath_only() {
        let mut quiet = Quiet::new(Duration::from_mins(30));
        assert!(quiet.lets_through(at(0), Topic::Call(1)));
        assert!(quiet.lets_through(at(20), Topic::Update { call: 1, state: CallState::Met }));
        assert!(!quiet.lets_through(at(59), Topic::Call(2)));
        assert!(quiet.lets_through(at(60), Topic::Call(3)));
        assert!(quiet.lets_through(at(70), Topic::Update { call: 3, state: CallState::Over }));
        assert!(!quiet.lets_through(at(600), Topic::Call(4)));
    }

    #[test]
    fn news_of_a_call_that_was_left_out_are_left_out() {
        let mut quiet = Quiet::new(Duration::from_mins(30));
        assert!(quiet.lets_through(at(0), Topic::Call(1)));
        assert!(!quiet.lets_through(at(10), Topic::Call(2)));
        assert!(!quiet.lets_through(at(20), Topic::Update { call: 2, state: CallState::Met }));
        assert!(!quiet.lets_through(at(90), Topic::Call(3)), "the answered call was not ours");
        assert!(quiet.lets_through(at(90), Topic::Update { call: 1, state: CallState::Out }));
    }
}
