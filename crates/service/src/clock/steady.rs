//! A clock that does not jump: the machine's wall clock, watched by the one that counts since the
//! machine was started.
//!
//! A clock that is set wrong for a moment (by hand, by a bad time server, by a host that was
//! resumed) would end every session and code there is, and expiry would delete them for good. So
//! time goes on as it went until a jump has stood for a minute. Then it is followed, forward or
//! back, since clients live by the true time too; but for a day nothing is deleted by it.

use std::time::Duration;

use cognate_model::Timestamp;

/// A difference that is followed at once: corrections of a clock that runs well.
const SMALL: i64 = 60_000;
/// So long a jump has to stand before time follows it.
const STANDS: Duration = Duration::from_secs(60);
/// So long after time has followed a jump forward nothing is deleted by it.
const DELETES_NOTHING: Duration = Duration::from_secs(86_400);

/// The clock.
#[derive(Debug, Default)]
pub struct Steady {
    state: Option<State>,
}

#[derive(Debug)]
struct State {
    /// What the wall clock last said while it was believed, and the count then.
    wall: Timestamp,
    at: Duration,
    /// What is given as now. Back it goes only with a jump that has stood.
    now: Timestamp,
    /// A jump that has not stood yet: by how much, and since when.
    jump: Option<(i64, Duration)>,
    /// How far jumps have moved time forward that nothing is deleted by yet, and when the last of
    /// them was followed.
    held: Option<(i64, Duration)>,
}

impl Steady {
    /// Takes what the wall clock says and how long the machine has run.
    pub(super) fn read(&mut self, wall: Timestamp, at: Duration) {
        match &mut self.state {
            Some(state) => state.read(wall, at),
            none => {
                *none = Some(State {
                    wall,
                    at,
                    now: wall,
                    jump: None,
                    held: None,
                });
            }
        }
    }

    /// Now.
    pub(super) fn now(&self) -> Timestamp {
        self.state.as_ref().map_or(Timestamp(0), |state| state.now)
    }

    /// By when things may be deleted.
    pub(super) fn settled(&self) -> Timestamp {
        let Some(state) = &self.state else {
            return Timestamp(0);
        };
        let held = state.held.map_or(0, |(by, _)| by);
        // Of a jump back that may be right the earlier time counts.
        let back = state.jump.map_or(0, |(by, _)| by.min(0).saturating_neg());
        Timestamp(state.now.0.saturating_sub(held.max(back)))
    }
}

impl State {
    fn read(&mut self, wall: Timestamp, at: Duration) {
        let expected = self.wall.plus(at.saturating_sub(self.at));
        let by = wall.0.saturating_sub(expected.0);
        let held = self.held;
        self.held = held.filter(|(_, since)| at.saturating_sub(*since) < DELETES_NOTHING);
        if by.saturating_abs() <= SMALL {
            if self.jump.take().is_some() {
                tracing::warn!("the clock of this machine has come back from its jump");
            }
            self.believe(wall, at);
            self.now = self.now.max(wall);
            return;
        }
        match self.jump {
            Some((before, since)) if by.saturating_sub(before).saturating_abs() <= SMALL => {
                if at.saturating_sub(since) >= STANDS {
                    self.follow(wall, at, by);
                    return;
                }
            }
            _ => {
                tracing::warn!(
                    by_ms = by,
                    "the clock of this machine jumped; time goes on without it until the jump has stood for a minute"
                );
                self.jump = Some((by, at));
            }
        }
        self.now = self.now.max(expected);
    }

    fn believe(&mut self, wall: Timestamp, at: Duration) {
        (self.wall, self.at) = (wall, at);
    }

    /// Time takes a jump that has stood.
    fn follow(&mut self, wall: Timestamp, at: Duration, by: i64) {
        tracing::warn!(
            by_ms = by,
            "the clock of this machine stays where it jumped to; time follows, and nothing is deleted by it for a day"
        );
        self.jump = None;
        self.believe(wall, at);
        self.now = wall;
        let held = self.held.map_or(0, |(held, _)| held).saturating_add(by);
        self.held = (held > 0).then_some((held, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;

    /// A machine whose wall clock can be set.
    struct Machine {
        steady: Steady,
        wall: i64,
        ran: u64,
    }

    impl Machine {
        fn new() -> Self {
            let mut machine = Self {
                steady: Steady::default(),
                wall: 50 * YEAR,
                ran: 0,
            };
            machine.look();
            machine
        }

        fn look(&mut self) {
            let ran = Duration::from_millis(self.ran);
            self.steady.read(Timestamp(self.wall), ran);
        }

        /// Time goes by, and the clock is read each second.
        fn run(&mut self, seconds: u64) {
            for _ in 0..seconds {
                self.wall += 1000;
                self.ran += 1000;
                self.look();
            }
        }

        /// Time goes by unseen.
        fn sleep(&mut self, ms: i64) {
            self.wall += ms;
            self.ran += u64::try_from(ms).unwrap_or(0);
            self.look();
        }

        /// The wall clock is set by so much.
        fn jump(&mut self, by: i64) {
            self.wall += by;
            self.look();
        }

        /// Now and the time to delete by, since the beginning.
        fn times(&self) -> (i64, i64) {
            let since = |time: Timestamp| time.0 - 50 * YEAR;
            (since(self.steady.now()), since(self.steady.settled()))
        }
    }

    #[test]
    fn time_goes_with_the_wall_clock_and_its_small_corrections_and_never_back_with_them() {
        let mut machine = Machine::new();
        machine.run(10);
        machine.jump(30_000);
        assert_eq!(machine.times(), (40_000, 40_000));
        machine.jump(-30_000);
        assert_eq!(machine.times(), (40_000, 40_000));
        machine.run(31);
        assert_eq!(machine.times(), (41_000, 41_000));
        machine.sleep(9 * HOUR);
        assert_eq!(machine.times(), (41_000 + 9 * HOUR, 41_000 + 9 * HOUR));
    }

    #[test]
    fn a_jump_that_comes_back_within_a_minute_has_moved_nothing() {
        for by in [YEAR, HOUR, -HOUR, -YEAR] {
            let mut machine = Machine::new();
            machine.jump(by);
            machine.run(59);
            assert_eq!(machine.times().0, 59_000);
            assert!(machine.times().1 <= 59_000);
            machine.jump(-by);
            machine.run(1);
            assert_eq!(machine.times(), (60_000, 60_000));
        }
    }

    #[test]
    fn time_follows_a_jump_that_stands_and_deletes_nothing_by_it_for_a_day() {
        let mut machine = Machine::new();
        machine.jump(YEAR);
        machine.run(60);
        assert_eq!(machine.times(), (YEAR + 60_000, 60_000));
        machine.sleep(23 * HOUR);
        let passed = 60_000 + 23 * HOUR;
        assert_eq!(machine.times(), (YEAR + passed, passed));
        machine.sleep(HOUR);
        machine.run(1);
        let passed = passed + HOUR + 1000;
        assert_eq!(machine.times(), (YEAR + passed, YEAR + passed));
    }

    #[test]
    fn a_jump_that_is_corrected_late_has_deleted_nothing() {
        let mut machine = Machine::new();
        machine.jump(YEAR);
        machine.sleep(HOUR);
        assert_eq!(machine.times(), (YEAR + HOUR, HOUR));
        machine.jump(-YEAR);
        assert_eq!(machine.times(), (YEAR + HOUR, HOUR));
        machine.run(60);
        assert_eq!(machine.times(), (HOUR + 60_000, HOUR + 60_000));
    }

    #[test]
    fn a_clock_that_goes_on_jumping_is_not_followed() {
        let mut machine = Machine::new();
        for _ in 0..100 {
            machine.jump(HOUR);
            machine.run(30);
        }
        assert_eq!(machine.times(), (3_000_000, 3_000_000));
    }

    #[test]
    fn while_a_jump_back_may_be_right_the_earlier_time_deletes() {
        let mut machine = Machine::new();
        machine.sleep(2 * HOUR);
        machine.jump(-HOUR);
        assert_eq!(machine.times(), (2 * HOUR, HOUR));
    }
}
