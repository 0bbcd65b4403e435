use super::*;

const BUILT: Wall = Wall::from_secs(1_767_225_600); // 2026-01-01
const NOW: i64 = 1_795_000_000; // 2026-11-18
const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

fn at(monotonic: u64, wall: i64) -> Now {
    let monotonic = Monotonic::default().after(Duration::from_secs(monotonic));
    Now { monotonic, wall: Wall::from_secs(NOW.saturating_add(wall)) }
}

fn secs(clock: &WallClock) -> (i64, i64, bool) {
    let since = |wall: Wall| wall.as_secs().saturating_sub(NOW);
    (since(clock.time()), since(clock.earliest()), clock.is_settled())
}

fn running() -> WallClock {
    let mut clock = WallClock::new(BUILT, SETTLING);
    assert_eq!(clock.observe(at(0, 0), None), None);
    clock
}

#[test]
fn a_jump_that_is_taken_back_changes_nothing() {
    for jump in [11, -11, 600, -600, 5 * 3600, -DAY, 90 * DAY, 10 * YEAR, -40 * YEAR] {
        let mut clock = running();
        let change = clock.observe(at(60, 60 + jump), None);
        assert!(matches!(change, Some(ClockChange::Questioned { .. })), "{jump}: {change:?}");
        let earliest = if jump < 0 && jump > -YEAR { 60 + jump } else { 60 };
        assert_eq!(secs(&clock), (60, earliest, false), "{jump}");
        assert_eq!(clock.observe(at(90, 90 + jump), None), None);
        let change = clock.observe(at(120, 120), None);
        assert_eq!(change, Some(ClockChange::Righted(Wall::from_secs(NOW + 120))));
        assert_eq!(secs(&clock), (120, 120, true), "{jump}");
    }
}

#[test]
fn a_jump_is_believed_after_it_has_run_evenly() {
    for (jump, wait) in [(600, 600), (-600, 600), (90 * DAY, 600), (-DAY, 600), (10 * YEAR, 86_400)] {
        let mut clock = running();
        clock.observe(at(60, 60 + jump), None);
        let deadline = clock.deadline().unwrap();
        assert_eq!(deadline, at(60 + wait, 0).monotonic);
        let seconds = i64::try_from(wait).unwrap();
        clock.observe(at(59 + wait, 59 + seconds + jump), None);
        assert!(!clock.is_settled(), "{jump}");
        clock.observe(at(60 + wait, 60 + seconds + jump), None);
        assert_eq!(secs(&clock), (60 + seconds + jump, 60 + seconds + jump, true), "{jump}");
        assert_eq!(clock.deadline(), None);
    }
}

#[test]
fn each_further_jump_begins_the_wait_anew() {
    let mut clock = running();
    clock.observe(at(60, 60 + 3600), None);
    clock.observe(at(600, 600 + 7200), None);
    clock.observe(at(700, 700 + 7200), None);
    assert!(!clock.is_settled());
    clock.observe(at(1200, 1200 + 7200), None);
    assert!(clock.is_settled());
}

#[test]
fn a_clock_that_creeps_is_followed_slowly_or_doubted() {
    let mut clock = running();
    for hour in 1..200_u64 {
        let drifted = i64::try_from(hour * 3600 + 3 * hour).unwrap();
        assert_eq!(clock.observe(at(hour * 3600, drifted), None), None);
    }
    // A clock that runs twice as fast as time, in small steps.
    let mut clock = running();
    for second in 1..600_i64 {
        clock.observe(at(second.cast_unsigned(), 2 * second), None);
        assert!(clock.time().as_secs() - NOW <= second + 10);
    }
}

#[test]
fn a_clock_from_before_the_program_is_never_believed() {
    let mut clock = WallClock::new(BUILT, SETTLING);
    let change = clock.observe(Now { wall: Wall::from_secs(5), ..at(0, 0) }, None);
    assert!(matches!(change, Some(ClockChange::Questioned { reason: Doubted::Unset, settling: None, .. })));
    assert_eq!((clock.time(), clock.deadline()), (BUILT, None));
    clock.observe(Now { wall: Wall::from_secs(90_005), ..at(90_000, 0) }, None);
    assert!(!clock.is_settled());
    clock.observe(at(90_100, 0), None);
    clock.observe(at(90_700, 600), None);
    assert_eq!(secs(&clock), (600, 600, true), "a time server was found");
}

#[test]
fn a_restart_is_compared_with_the_last_record() {
    let hours = |hours: i64| hours * 3600;
    // The gap, then the time used and the earliest possible time, after a second, and the time to settle.
    for (gap, used, earliest, wait) in [
        (5, 6, 1, 600),
        (hours(20), hours(20) + 1, 1, 600),
        (92 * DAY, 92 * DAY + 1, 1, 600),
        (10 * YEAR, 1, 1, 86_400),
        (-600, 1, -599, 600),
        (-DAY, 1, 1 - DAY, 600),
    ] {
        let mut clock = WallClock::new(BUILT, SETTLING);
        clock.observe(at(0, gap), Some(Wall::from_secs(NOW)));
        clock.observe(at(1, gap + 1), None);
        assert_eq!(secs(&clock), (used, earliest, false), "{gap}");
        assert_eq!(clock.deadline(), Some(at(wait, 0).monotonic), "{gap}");
        let wall = gap + i64::try_from(wait).unwrap();
        clock.observe(at(wait, wall), None);
        assert_eq!(secs(&clock), (wall, wall, true), "{gap}");
    }
}

#[test]
fn the_waiting_time_is_a_parameter() {
    for wait in [0, 1, 7200] {
        let mut clock = WallClock::new(BUILT, Duration::from_secs(wait));
        clock.observe(at(0, 5), Some(Wall::from_secs(NOW)));
        assert!(!clock.is_settled(), "{wait}: one reading shows nothing");
        assert_eq!(clock.deadline(), Some(at(wait, 0).monotonic));
        let seconds = i64::try_from(wait).unwrap();
        clock.observe(at(wait, 5 + seconds), None);
        assert!(clock.is_settled(), "{wait}");
        clock.observe(at(wait, 5 + seconds + 10 * YEAR), None);
        assert_eq!(clock.deadline(), Some(at(wait + 86_400, 0).monotonic), "{wait}: far ahead");
    }
}

#[test]
fn a_start_at_the_wrong_time_is_righted() {
    let mut clock = WallClock::new(BUILT, SETTLING);
    clock.observe(at(0, 10 * YEAR), Some(Wall::from_secs(NOW)));
    clock.observe(at(60, 120), None);
    assert_eq!(secs(&clock), (60, 60, false));
    clock.observe(at(660, 720), None);
    assert_eq!(secs(&clock), (720, 720, true));
}

#[test]
fn a_jump_that_drift_explains_later_is_believed_no_later() {
    let jumped = |monotonic: u64| {
        let now = at(monotonic, monotonic.cast_signed());
        Now { wall: Wall::from_millis(now.wall.as_millis() + 10_400), ..now }
    };
    for last in [500, 799] {
        let mut clock = WallClock::new(BUILT, SETTLING);
        clock.observe(at(0, 0), Some(Wall::from_secs(NOW)));
        assert!(matches!(clock.observe(jumped(200), None), Some(ClockChange::Questioned { .. })));
        assert!(matches!(clock.observe(jumped(last), None), Some(ClockChange::Righted(_))));
        assert_eq!(clock.deadline(), Some(at(800, 0).monotonic));
        assert!(!clock.is_settled());
        clock.observe(jumped(800), None);
        assert!(clock.is_settled(), "it has run evenly for the waiting time");
    }
    // A late reading sets it right and ends the wait.
    let mut clock = WallClock::new(BUILT, SETTLING);
    clock.observe(at(0, 0), Some(Wall::from_secs(NOW)));
    clock.observe(jumped(200), None);
    clock.observe(jumped(900), None);
    assert_eq!((clock.is_settled(), clock.deadline()), (true, None));
}

#[test]
fn records_of_the_far_future_do_not_hold_a_right_clock_up() {
    let mut clock = WallClock::new(BUILT, SETTLING);
    clock.observe(at(0, 0), Some(Wall::from_secs(NOW + 10 * YEAR)));
    assert_eq!(secs(&clock), (0, 0, false));
    clock.observe(at(600, 600), None);
    assert!(clock.is_settled());
}

#[test]
fn a_first_start_long_after_the_build_is_doubted() {
    let mut clock = WallClock::new(BUILT, SETTLING);
    clock.observe(at(0, 10 * YEAR), None);
    assert_eq!((clock.time(), clock.is_settled()), (BUILT, false));
    clock.observe(at(10, 10), None);
    clock.observe(at(610, 610), None);
    assert_eq!(secs(&clock), (610, 610, true));
}
