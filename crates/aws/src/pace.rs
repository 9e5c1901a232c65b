//! Keeping to a service's rate: turns with a gap between them, in the order in which they are asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Between two requests to Route 53, which takes five a second from an account and refuses the rest.
const GAP: Duration = Duration::from_millis(200);

/// Turns at Route 53.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// Waits for the next turn: fractions of a second, as a plan has few zones (`plan check`).
    pub(crate) async fn turn(&self) {
        sleep_until(self.next(Instant::now())).await;
    }

    /// The turn of who asks now.
    fn next(&self, now: Instant) -> Instant {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = free.map_or(now, |free| free.max(now));
        *free = Some(turn + GAP);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_five_in_any_second_and_no_wait_without_need() {
        let (pace, start) = (Pace::default(), Instant::now());
        let turns: Vec<Duration> = (0..12).map(|_| pace.next(start) - start).collect();
        assert_eq!(turns[0], Duration::ZERO, "the first waits for nobody");
        assert!(turns.windows(6).all(|six| six[5] - six[0] >= Duration::from_secs(1)), "{turns:?}");
        let later = start + Duration::from_secs(60);
        assert_eq!(pace.next(later), later, "what nobody used is not owed");
    }
}
