//! When to try again, and how long to wait before.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

/// Whether a further attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would end the same way.
    Never,
    /// After the pause that the server asks for.
    Later {
        /// At least.
        after: Duration,
    },
    /// After a short pause of our own choice.
    Soon,
}

/// How often a request is repeated, and how long that may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts without progress, the first included.
    pub attempts: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// No back-off is longer.
    pub longest: Duration,
    /// All pauses of one request together, those that the server asked for included.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(20),
            total: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// The pause before the next attempt after `failures` in a row; `None` to give up. `fraction` from 0 to 1
    /// spreads the clients that failed together.
    #[must_use]
    pub fn pause(&self, retry: Retry, failures: u32, fraction: f64) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let ceiling = self.first.saturating_mul(doubled).min(self.longest);
        match retry {
            Retry::Never => None,
            Retry::Soon => Some(ceiling.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0)),
            // Never earlier than asked, and not all at the same moment.
            Retry::Later { after } => {
                Some(after.saturating_add(self.first.mul_f64(fraction.clamp(0.0, 1.0))))
            }
        }
    }
}

/// The clock and the randomness of retries.
pub trait Timer: Send + Sync {
    /// The time now; for dates in `Retry-After`.
    fn now(&self) -> Timestamp;

    /// Waits.
    fn wait(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// A random number from 0 to 1.
    fn fraction(&self) -> f64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(pause))
    }

    fn fraction(&self) -> f64 {
        // Hash maps are seeded at random; that is random enough to spread clients.
        f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
    }
}

/// The pause that `Retry-After` asks for: seconds or a date (RFC 9110, section 10.2.3).
///
/// `None` for a text that is neither.
#[must_use]
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    // A date that has passed asks for no pause.
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_end() {
        let policy = RetryPolicy {
            attempts: 8,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5),
            total: Duration::MAX,
        };
        let pauses: Vec<_> = (1..=8).map(|n| policy.pause(Retry::Soon, n, 1.0)).collect();
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(pauses[..4], [seconds(1), seconds(2), seconds(4), seconds(5)]);
        assert_eq!(pauses[7], None);
        assert_eq!(
            policy.pause(Retry::Soon, 1, 0.0),
            Some(Duration::from_millis(500))
        );
        assert_eq!(policy.pause(Retry::Never, 1, 0.0), None);
        let after = Duration::from_secs(30);
        assert_eq!(policy.pause(Retry::Later { after }, 1, 0.0), Some(after));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(
            retry_after("Sun, 22 Nov 2026 10:00:07 GMT", now),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            retry_after("Sun, 22 Nov 2026 09:00:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-5", now), None);
    }
}
