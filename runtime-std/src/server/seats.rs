use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::hub::Bell;

/// How many more connections there may be.
#[derive(Debug)]
pub(super) struct Seats {
    all: usize,
    free: Mutex<usize>,
    freed: Condvar,
    bell: Bell,
}

/// Belongs to a connection. Dropped, it is free again.
#[derive(Debug)]
pub(super) struct Seat(Arc<Seats>);

impl Seats {
    pub(super) fn new(all: usize, bell: Bell) -> Arc<Self> {
        Arc::new(Self { all, free: Mutex::new(all), freed: Condvar::new(), bell })
    }

    /// Waits until one is free.
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let mut free =
            self.freed.wait_while(self.free(), |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_sub(1);
        Seat(Arc::clone(self))
    }

    /// Whether there is no connection.
    pub(super) fn are_free(&self) -> bool {
        *self.free() == self.all
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Self(seats) = self;
        let mut free = seats.free();
        *free = free.saturating_add(1);
        seats.freed.notify_one();
        if *free == seats.all {
            seats.bell.ring();
        }
    }
}
