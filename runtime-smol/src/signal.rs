use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Context, Poll, Waker},
};

/// A flag that one task waits for, on one thread.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Signal {
    pub(crate) fn raise(&self) {
        self.raised.set(true);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    /// Lowers the flag. It wakes no task until it is polled again.
    pub(crate) fn lower(&self) {
        self.raised.set(false);
        self.waiter.take();
    }

    /// Ready if the flag was raised since the last call, however often.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.raised.take() {
            return Poll::Ready(());
        }
        let mut waiter = self.waiter.borrow_mut();
        if !waiter.as_ref().is_some_and(|waiter| waiter.will_wake(cx.waker())) {
            *waiter = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until the flag is raised.
    pub(crate) async fn raised(&self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}
