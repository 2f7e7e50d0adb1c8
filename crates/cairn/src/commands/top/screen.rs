//! The terminal: taken over at the start, and given back however this ends.

use super::feed;
use super::model::{Model, News, Wish};
use super::view::{self, Ink};
use crate::outcome::{Failure, Outcome};
use crate::output::colours;
use crate::remote::Remote;
use flow_api::Time;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How often the ages on the screen go on when nothing else happens.
const AGES: Duration = Duration::from_secs(1);
/// How long the thread that reads keys may take to notice that it is not needed any more.
const KEYS: Duration = Duration::from_millis(100);

/// Draws until the user quits.
pub async fn run(remote: Remote, every: Duration) -> Result<Outcome, Failure> {
    let failed = |error: std::io::Error| Failure::new("top/terminal", format!("the terminal cannot be used: {error}"));
    // What is wrong with the sign-in or the address is said before the screen is cleared.
    remote.any(|client| async move { client.session().await }).await?;
    let mut terminal = ratatui::try_init().map_err(failed)?;
    let shown = show(&mut terminal, remote, every).await;
    ratatui::restore();
    shown.map_err(failed)?;
    Ok(Outcome::Good)
}

async fn show(terminal: &mut DefaultTerminal, remote: Remote, every: Duration) -> std::io::Result<()> {
    let (wish, wishes) = channel(16);
    let (tell, mut news) = channel(16);
    let feed = tokio::spawn(async move { feed::run(&remote, every, wishes, tell).await });
    let (mut events, _reader) = terminal_events();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut ages = tokio::time::interval(AGES);
    let (mut model, ink) = (Model::default(), Ink { colours: colours() });
    loop {
        terminal.draw(|frame| view::draw(frame, &model, ink, Time(jiff::Timestamp::now())))?;
        tokio::select! {
            Some(told) = news.recv() => model.take(told),
            Some(event) = events.recv() => match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => match model.key(key) {
                    Some(Wish::Quit) => break,
                    Some(wanted) => pass_on(&wish, wanted, &mut model),
                    None => {}
                },
                // The next drawing fits the terminal's new size.
                _ => {}
            },
            _ = ages.tick() => {}
            _ = terminate.recv() => break,
        }
    }
    feed.abort();
    Ok(())
}

/// Passes a wish on without ever waiting: keys are to be answered at once.
fn pass_on(wish: &Sender<Wish>, wanted: Wish, model: &mut Model) {
    if wish.try_send(wanted).is_err() {
        model.take(News::Told("not yet: no server has answered since the last key".to_owned()));
    }
}

/// Ends the thread that reads keys.
struct Reader(Arc<AtomicBool>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The events of the terminal, read by a thread of their own since reading them blocks.
fn terminal_events() -> (Receiver<Event>, Reader) {
    let (send, receive) = channel(64);
    let ended = Arc::new(AtomicBool::new(false));
    let reader = Reader(Arc::clone(&ended));
    std::thread::spawn(move || {
        while !ended.load(Ordering::Relaxed) {
            let read = match event::poll(KEYS) {
                Ok(false) => continue,
                Ok(true) => event::read(),
                Err(error) => Err(error),
            };
            // A terminal that is gone has no more keys; SIGHUP ends the process.
            let Ok(event) = read else { return };
            if send.blocking_send(event).is_err() {
                return;
            }
        }
    });
    (receive, reader)
}
