//! Threads that do nothing but take processor time.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Twice as many as there are processors for this process: as nice as the servers, so that those get no more than their
/// share.
pub struct Burners {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Burners {
    pub fn start() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let over = Arc::<AtomicBool>::default();
        let burn = |_| {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                let mut number = 1_u64;
                while !over.load(Ordering::Relaxed) {
                    for _ in 0..10_000 {
                        number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                    }
                }
            })
        };
        let threads = (0..processors * 2).map(burn).collect();
        Self { over, threads }
    }

    /// Ends them; how many they were.
    pub fn stop(self) -> u32 {
        self.over.store(true, Ordering::Relaxed);
        let count = self.threads.len();
        for thread in self.threads {
            // It cannot fail.
            let _ = thread.join();
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}
