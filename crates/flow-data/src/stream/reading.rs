//! Reading a flowing stream: its portions are worked on by the reader and by a few threads beside it, and come out in
//! order. How much is done ahead is bounded, and so is the memory that it takes.

use super::flow::{Failure, Portion, Portions, Stage, Staged, staged, tell};
use crate::DataError;
use crate::arrow::record_batch::RecordBatch;
use parking_lot::{Condvar, Mutex};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

/// Threads beside the reader of one stream.
static BESIDE: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, |cores| cores.get() - 1).min(3));
/// Threads beside readers in the whole process, and how many there may be: with more, they would only wait for each other.
static HELPERS: AtomicUsize = AtomicUsize::new(0);
const MOST_HELPERS: usize = 16;

/// The batches of a flowing stream.
pub(super) struct Reading {
    shared: Arc<Shared>,
    ready: VecDeque<RecordBatch>,
    /// Records and lines of the origin that were given out.
    rows: u64,
    lines: u64,
    /// Records that arrived at each stage.
    arrived: Vec<u64>,
    portions: u64,
    window: u64,
    failed: Option<DataError>,
    ended: bool,
}

struct Shared {
    stages: Arc<[Stage]>,
    source: Mutex<Portions>,
    board: Mutex<Board>,
    changed: Condvar,
}

/// What is taken, done, and given out.
#[derive(Default)]
struct Board {
    /// Results from number `given` on, where they are there.
    done: VecDeque<Option<Staged>>,
    given: u64,
    taken: u64,
    /// No more portions come.
    over: bool,
    cancelled: bool,
}

impl Reading {
    pub(super) fn new(portions: Portions, stages: Arc<[Stage]>) -> Self {
        let arrived = vec![0; stages.len()];
        let shared = Shared { stages, source: Mutex::new(portions), board: Mutex::default(), changed: Condvar::new() };
        Self {
            shared: Arc::new(shared),
            ready: VecDeque::new(),
            rows: 0,
            lines: 0,
            arrived,
            portions: 0,
            window: 1,
            failed: None,
            ended: false,
        }
    }

    /// The next portion in order, worked on here if nobody has it yet.
    fn next_staged(&mut self) -> Option<Staged> {
        loop {
            if let Some(staged) = self.shared.board.lock().give() {
                self.shared.changed.notify_all();
                return Some(staged);
            }
            // Where a helper is fetching the next portion, waiting for it is as good.
            let taken = self.shared.source.try_lock().map(|mut source| self.shared.take(&mut source, self.window));
            match taken {
                Some(Some((number, portion))) => {
                    self.portions += 1;
                    if self.portions == 2 && self.shared.needs_work(&portion) {
                        self.window = self.start_helpers();
                    }
                    let staged = self.shared.work(portion);
                    self.shared.post(number, staged);
                }
                _ => {
                    let mut board = self.shared.board.lock();
                    if board.over && board.given == board.taken {
                        return None;
                    }
                    if !board.is_ready() && !board.may_take(self.window) {
                        self.shared.changed.wait(&mut board);
                    } else if taken.is_none() && !board.is_ready() {
                        // A helper is at the source: it posts a result or the end.
                        self.shared.changed.wait(&mut board);
                    }
                }
            }
        }
    }

    /// Starts the threads that work beside this one. Gives how many portions may be on the way at once.
    fn start_helpers(&self) -> u64 {
        let mut started = 0;
        let window = *BESIDE as u64 + 2;
        for _ in 0..*BESIDE {
            let free = |running| (running < MOST_HELPERS).then_some(running + 1);
            if HELPERS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).is_err() {
                break;
            }
            let shared = Arc::clone(&self.shared);
            let helper = thread::Builder::new().name("stream".to_owned()).spawn(move || {
                shared.help(window);
                drop(shared);
                HELPERS.fetch_sub(1, Ordering::Relaxed);
            });
            match helper {
                Ok(_) => started += 1,
                Err(_) => {
                    HELPERS.fetch_sub(1, Ordering::Relaxed);
                    break;
                }
            }
        }
        if started == 0 { 1 } else { window }
    }

    /// Takes what a portion gave, tells the taps of it, and counts.
    fn accept(&mut self, staged: Staged) {
        let stages = &self.shared.stages;
        for (stage, arrived) in stages.iter().zip(&staged.arrived) {
            if let Stage::Tap(tap) = stage {
                tap.rows(*arrived);
            }
        }
        if let Some(failure) = staged.failed {
            let (error, behind) = match failure {
                Failure::Origin(error) => (error, 0),
                Failure::Work(error) => (error.later(self.rows, self.lines), 0),
                Failure::Stage(place, error) => (error.after(self.arrived.get(place).copied().unwrap_or(0)), place + 1),
            };
            self.failed = Some(tell(stages.get(behind..).unwrap_or_default(), error));
        }
        self.rows += staged.rows;
        self.lines += staged.lines;
        for (before, arrived) in self.arrived.iter_mut().zip(&staged.arrived) {
            *before += arrived;
        }
        self.ready = staged.batches.into();
    }

    fn finish(&mut self) {
        self.ended = true;
        self.shared.cancel();
    }
}

impl Iterator for Reading {
    type Item = Result<RecordBatch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            if let Some(error) = self.failed.take() {
                self.finish();
                return Some(Err(error));
            }
            if self.ended {
                return None;
            }
            match self.next_staged() {
                Some(staged) => self.accept(staged),
                None => {
                    self.finish();
                    for stage in self.shared.stages.iter() {
                        if let Stage::Tap(tap) = stage {
                            tap.ended();
                        }
                    }
                }
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.shared.cancel();
    }
}

impl Shared {
    /// Takes the next portion and its number, unless too many are on the way.
    fn take(&self, source: &mut Portions, window: u64) -> Option<(u64, Portion)> {
        if !self.board.lock().may_take(window) {
            return None;
        }
        // Reading may take a while; the board stays free meanwhile.
        let next =
            catch_unwind(AssertUnwindSafe(|| source.next())).unwrap_or_else(|panic| Some(Err(panicked(&*panic))));
        let mut board = self.board.lock();
        let number = board.taken;
        let portion = match next {
            Some(Ok(portion)) => portion,
            Some(Err(error)) => {
                board.over = true;
                Portion::Failed(error)
            }
            None => {
                board.over = true;
                drop(board);
                self.changed.notify_all();
                return None;
            }
        };
        board.taken += 1;
        board.done.push_back(None);
        Some((number, portion))
    }

    fn needs_work(&self, portion: &Portion) -> bool {
        matches!(portion, Portion::Work(_)) || self.stages.iter().any(|stage| matches!(stage, Stage::Map(_)))
    }

    fn work(&self, portion: Portion) -> Staged {
        catch_unwind(AssertUnwindSafe(|| staged(portion, &self.stages)))
            .unwrap_or_else(|panic| Staged::failed(Failure::Origin(panicked(&*panic)), &self.stages))
    }

    fn post(&self, number: u64, staged: Staged) {
        let mut board = self.board.lock();
        let place = usize::try_from(number - board.given).unwrap_or(usize::MAX);
        if let Some(slot) = board.done.get_mut(place) {
            *slot = Some(staged);
        }
        drop(board);
        self.changed.notify_all();
    }

    fn help(&self, window: u64) {
        loop {
            let taken = self.take(&mut self.source.lock(), window);
            // The reader may be waiting for the source.
            self.changed.notify_all();
            if let Some((number, portion)) = taken {
                let staged = self.work(portion);
                self.post(number, staged);
                continue;
            }
            let mut board = self.board.lock();
            while !board.is_at_end() && !board.may_take(window) {
                self.changed.wait(&mut board);
            }
            if board.is_at_end() {
                return;
            }
        }
    }

    fn cancel(&self) {
        self.board.lock().cancelled = true;
        self.changed.notify_all();
    }
}

impl Board {
    fn is_ready(&self) -> bool {
        matches!(self.done.front(), Some(Some(_)))
    }

    fn give(&mut self) -> Option<Staged> {
        if !self.is_ready() {
            return None;
        }
        self.given += 1;
        self.done.pop_front().flatten()
    }

    fn may_take(&self, window: u64) -> bool {
        !self.over && !self.cancelled && self.taken < self.given + window
    }

    fn is_at_end(&self) -> bool {
        self.over || self.cancelled
    }
}

fn panicked(panic: &(dyn Any + Send)) -> DataError {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    DataError::Internal { message: format!("a stream ended with an internal error: {}", text.unwrap_or("unknown")) }
}
