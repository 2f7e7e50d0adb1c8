//! How much of its processors a virtual machine did not get: other machines on the same host had them meanwhile.

/// The processors' time since the machine was started, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processors {
    all: u64,
    stolen: u64,
}

impl Processors {
    /// As of now; none where the system does not tell.
    pub fn now() -> Option<Self> {
        Self::read(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The line of all processors together: user, nice, system, idle, iowait, irq, softirq, steal. What comes behind is in
    /// `user` and `nice` already.
    fn read(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let times = line.split_whitespace().take(8).map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
        Some(Self { all: times.iter().sum(), stolen: *times.get(7)? })
    }

    /// The share of the time since `earlier` in which the host gave the processors to others.
    pub fn stolen_percent_since(&self, earlier: &Self) -> Option<f64> {
        let all = self.all.checked_sub(earlier.all).filter(|all| *all > 0)?;
        Some(100.0 * self.stolen.saturating_sub(earlier.stolen) as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_told_as_a_share_of_all_time() {
        let before = Processors::read("cpu  100 0 50 800 10 0 0 40 7 0\ncpu0 1 2 3 4 5 6 7 8\n").unwrap();
        let after = Processors::read("cpu  150 0 70 810 10 0 0 60 9 0\n").unwrap();
        assert_eq!(after.stolen_percent_since(&before), Some(20.0));
        assert_eq!(after.stolen_percent_since(&after), None, "no time has passed");
    }

    #[test]
    fn a_system_that_does_not_tell_of_stolen_time_tells_nothing() {
        assert_eq!(Processors::read("cpu  100 0 50 800\n"), None);
        assert_eq!(Processors::read("intr 1\n"), None);
    }
}
