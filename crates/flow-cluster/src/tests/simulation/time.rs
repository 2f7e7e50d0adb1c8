//! Virtual time: it stands still while anybody has anything to do, and then goes to the next moment that somebody waits
//! for. So hours pass in milliseconds, and whatever happens at one moment happens in the same order in every run.

use flow_store::{Clock, Timestamp};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Nobody was ever there before this.
const BEGIN: Duration = Duration::from_secs(1000);

struct Timeline {
    now: Duration,
    /// Who waits for which moment; those for the same in the order in which they came.
    waiting: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

thread_local! {
    static TIMELINE: RefCell<Option<Timeline>> = const { RefCell::new(None) };
}

/// Runs `story` in virtual time, on this thread alone.
pub(crate) fn run<T: Send + 'static>(story: impl Future<Output = T> + Send + 'static) -> T {
    // The story is the only thing that wakes by itself: when the queue of tasks is empty, the first future is asked.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .event_interval(u32::MAX)
        .global_queue_interval(u32::MAX)
        .build()
        .unwrap();
    TIMELINE.set(Some(Timeline { now: BEGIN, waiting: BTreeMap::new(), next: 0 }));
    let ended = runtime.block_on(async {
        let story = tokio::spawn(story);
        while !story.is_finished() {
            tokio::task::yield_now().await;
            if !story.is_finished() {
                advance();
            }
        }
        story.await
    });
    drop(runtime);
    TIMELINE.set(None);
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Virtual time since the machine started; none where time is real.
pub(crate) fn now() -> Option<Duration> {
    TIMELINE.with_borrow(|timeline| timeline.as_ref().map(|timeline| timeline.now))
}

/// Waits in virtual time; none where time is real.
pub(crate) fn sleep(time: Duration) -> Option<Sleep> {
    now().map(|now| Sleep { until: now + time, place: None })
}

fn advance() {
    let waker = TIMELINE.with_borrow_mut(|timeline| {
        let timeline = timeline.as_mut().expect("time is virtual");
        let ((moment, _), waker) = timeline.waiting.pop_first().expect("somebody waits for something");
        timeline.now = timeline.now.max(moment);
        waker
    });
    waker.wake();
}

/// Waits for a moment.
pub(crate) struct Sleep {
    until: Duration,
    place: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        TIMELINE.with_borrow_mut(|timeline| {
            let Some(timeline) = timeline.as_mut() else { return Poll::Pending };
            if timeline.now >= self.until {
                return Poll::Ready(());
            }
            let place = *self.place.get_or_insert_with(|| {
                timeline.next += 1;
                timeline.next
            });
            timeline.waiting.insert((self.until, place), context.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let waker = TIMELINE.with_borrow_mut(|timeline| {
            timeline.as_mut().and_then(|timeline| timeline.waiting.remove(&(self.until, place)))
        });
        drop(waker);
    }
}

/// The database's clock in virtual time.
pub(crate) struct VirtualClock;

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let milliseconds = now().unwrap_or_default().as_millis();
        Timestamp(1_000_000_000_000).plus_ms(u64::try_from(milliseconds).unwrap_or_default())
    }
}
