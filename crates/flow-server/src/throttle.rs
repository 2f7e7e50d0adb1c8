//! Slows down whoever guesses passwords: per account and address, and per address for whoever tries many accounts.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// So many failures are free for an account: people mistype.
const FREE: u32 = 5;
/// So many are free for an address: there may be many people behind it.
const FREE_OF_ADDRESS: u32 = 100;
/// The longest time to wait.
const LONGEST: Duration = Duration::from_secs(300);
/// Failures are forgotten after so long without another.
const FORGOTTEN: Duration = Duration::from_secs(900);
/// More accounts and addresses than this are not kept apart; the ones longest without a failure go first.
const KEPT: usize = 10_000;

/// Counts failed logins.
#[derive(Default)]
pub struct LoginThrottle {
    failures: Mutex<HashMap<Guesser, Failures>>,
}

/// Who fails: somebody at an address with one account, or with any.
type Guesser = (Option<String>, IpAddr);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How long after the last failure the next try is let through: 1 s, 2 s, 4 s … once the free ones are used up.
    fn pause(self, free: u32) -> Duration {
        match self.count.checked_sub(free) {
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
        let guessers = [((Some(account.to_owned()), address), FREE), ((None, address), FREE_OF_ADDRESS)];
        for (guesser, free) in &guessers {
            if let Some(known) = failures.get(guesser) {
                let waited = now.saturating_duration_since(known.last);
                let pause = known.pause(*free);
                if waited < pause {
                    return Err(pause - waited);
                }
            }
        }
        for (guesser, _) in guessers {
            let count = failures.get(&guesser).map_or(0, |known| known.count);
            failures.insert(guesser, Failures { count: count.saturating_add(1), last: now });
        }
        Ok(())
    }

    /// The password was right: the account at this address has a clean record again, and the address one failure less.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        let mut failures = self.failures.lock();
        failures.remove(&(Some(account.to_owned()), address));
        if let Some(known) = failures.get_mut(&(None, address)) {
            known.count = known.count.saturating_sub(1);
        }
    }
}

fn forget(failures: &mut HashMap<Guesser, Failures>, now: Instant) {
    if failures.len() + 2 <= KEPT {
        return;
    }
    failures.retain(|_, entry| now.saturating_duration_since(entry.last) < FORGOTTEN);
    while failures.len() + 2 > KEPT {
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
    fn whoever_tries_many_accounts_waits_too() {
        let throttle = LoginThrottle::default();
        let now = Instant::now();
        let tried = |n: u32| throttle.begin(&format!("name{n}"), HERE, now);
        assert!((0..FREE_OF_ADDRESS).all(|n| tried(n).is_ok()));
        assert_eq!(tried(1000), Err(Duration::from_secs(1)));
        assert_eq!(throttle.begin("anna", THERE, now), Ok(()), "others do not wait");
    }

    #[test]
    fn endless_made_up_names_take_no_endless_memory() {
        let throttle = LoginThrottle::default();
        let now = Instant::now();
        for n in 0..KEPT + 50 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from(n as u32));
            let _ = throttle.begin(&format!("name{n}"), address, now);
        }
        assert!(throttle.failures.lock().len() <= KEPT);
    }
}
