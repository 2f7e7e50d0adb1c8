//! Places where a test has a process end, to see that nothing depends on what would have come next. Builds without debug
//! assertions, and so releases, have none of it.

/// A boundary between what is durable or known to somebody and what is not yet. With `CAIRN_FAULT_POINT=NAME:NUMBER` in
/// the environment the process ends when it comes to `name` for that time.
#[inline]
pub fn fault_point(name: &str) {
    #[cfg(debug_assertions)]
    armed::pass(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// The names of all points, in the order in which a saved point comes to them.
pub const FAULT_POINTS: [&str; 6] = [
    "before-object",
    "after-object",
    "before-commit",
    "after-commit",
    "before-acknowledgement",
    "after-acknowledgement",
];

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        name: String,
        left: AtomicU64,
    }

    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

    fn armed() -> Option<Armed> {
        let asked = std::env::var("CAIRN_FAULT_POINT").ok()?;
        let (name, number) = asked.split_once(':').unwrap_or((&asked, "1"));
        Some(Armed { name: name.to_owned(), left: AtomicU64::new(number.parse().ok()?) })
    }

    pub(super) fn pass(name: &str) {
        let Some(armed) = ARMED.get_or_init(armed) else { return };
        if armed.name == name && armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // Nothing is flushed, nothing is said, no destructor runs.
            std::process::abort();
        }
    }
}
