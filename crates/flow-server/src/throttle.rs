//! Slows down whoever guesses passwords, per account and address.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// So many failures are free: people mistype.
const FREE: u32 = 5;
/// The longest time to wait.
const LONGEST: Duration = Duration::from_secs(300);
/// Failures are forgotten after so long without another.
const FORGOTTEN: Duration = Duration::from_secs(900);
/// More accounts and addresses than this are not kept apart; the ones longest without a failure go first.
const KEPT: usize = 10_000;

/// Counts failed logins.
#[derive(Default)]
pub struct LoginThrottle {
    failures: Mutex<HashMap<(String, IpAddr), Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How long after the last failure the next try is let through: 1 s, 2 s, 4 s … once the free ones are used up.
    fn pause(self) -> Duration {
        match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(1 << over.min(16)).min(LONGEST),
        }
    }
}

impl LoginThrottle {
    /// Lets a try through and counts it as failed until [`Self::succeeded`] says otherwise, so that many tries at
    /// once do not slip by. `Err` says how long to wait.
    pub fn begin(&self, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut failures = self.failures.lock();
        forget(&mut failures, now);
        let entry = failures.entry((account.to_owned(), address)).or_insert(Failures { count: 0, last: now });
        let waited = now.saturating_duration_since(entry.last);
        let pause = entry.pause();
        if waited < pause {
            return Err(pause - waited);
        }
        *entry = Failures { count: entry.count.saturating_add(1), last: now };
        Ok(())
    }

    /// The password was right: the account and address have a clean record again.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        self.failures.lock().remove(&(account.to_owned(), address));
    }
}

fn forget(failures: &mut HashMap<(String, IpAddr), Failures>, now: Instant) {
    if failures.len() < KEPT {
        return;
    }
    failures.retain(|_, entry| now.saturating_duration_since(entry.last) < FORGOTTEN);
    while failures.len() >= KEPT {
        let oldest = failures.iter().min_by_key(|(_, entry)| entry.last).map(|(key, _)| key.clone());
        match oldest {
            Some(key) => failures.remove(&key),
            None => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    #[test]
    fn a_few_failures_are_free_and_the_rest_wait_longer_and_longer() {
        let throttle = LoginThrottle::default();
        let mut now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(throttle.begin("anna", HERE, now), Ok(()));
        }
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let pause = throttle.begin("anna", HERE, now).unwrap_err();
            pauses.push(pause.as_secs());
            now += pause;
            assert_eq!(throttle.begin("anna", HERE, now), Ok(()));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    }

    #[test]
    fn others_do_not_wait_and_the_right_password_clears_the_record() {
        let throttle = LoginThrottle::default();
        let now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(throttle.begin("anna", HERE, now), Ok(()));
        }
        assert!(throttle.begin("anna", HERE, now).is_err());
        assert_eq!(throttle.begin("anna", THERE, now), Ok(()), "another address");
        assert_eq!(throttle.begin("ben", HERE, now), Ok(()), "another account");
        throttle.succeeded("anna", HERE);
        assert_eq!(throttle.begin("anna", HERE, now), Ok(()));
    }

    #[test]
    fn endless_made_up_names_take_no_endless_memory() {
        let throttle = LoginThrottle::default();
        let now = Instant::now();
        for n in 0..KEPT + 50 {
            let _ = throttle.begin(&format!("name{n}"), HERE, now);
        }
        assert!(throttle.failures.lock().len() <= KEPT);
    }
}
