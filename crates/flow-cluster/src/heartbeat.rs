//! The two OS threads of a server's lease: one beats, one watches the others' beats. They are threads of their own so
//! that neither a busy runtime nor a waiting database can make this server look dead.

use crate::guard::Guard;
use crate::lease::{LeaseSettings, Moment};
use crate::pulse::{Pulse, Stillness};
use flow_store::OwnLife;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// A thread that does something at a steady pace until this handle is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    /// Dropping it wakes and ends the thread at once.
    _stop: Sender<()>,
}

impl Ticker {
    /// Starts the thread `name`; `tick` is called now and then every `period`.
    pub fn start(name: &str, period: Duration, mut tick: impl FnMut() + Send + 'static) -> io::Result<Self> {
        let (stop, stopped): (Sender<()>, Receiver<()>) = channel();
        #[cfg(test)]
        if crate::tests::simulation::time::now().is_some() {
            // In virtual time there are no threads.
            tokio::spawn(async move {
                while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                    tick();
                    crate::time::sleep(period).await;
                }
            });
            return Ok(Self { _stop: stop });
        }
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            loop {
                tick();
                match stopped.recv_timeout(period) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { _stop: stop })
    }
}

/// Starts this server's heartbeat, which goes on for as long as `pulse` does.
pub(crate) fn beat(
    life: Arc<dyn OwnLife>,
    guard: Arc<Guard>,
    pulse: Arc<Pulse>,
    settings: LeaseSettings,
) -> io::Result<Ticker> {
    let mut counter = 0;
    let (mut failing, mut standing_still) = (false, false);
    let mut stillness = Stillness::new();
    Ticker::start("cairn-heartbeat", settings.heartbeat, move || {
        // Taken before the write: the others may see it at any moment from here on, but none before.
        let sent = Moment::now();
        let still = stillness.look(&pulse, sent, settings.steady_gap());
        let stood_still = std::mem::replace(&mut standing_still, still > settings.standstill());
        if standing_still {
            if !stood_still {
                tracing::error!(
                    code = "cluster/standstill",
                    after_ms = settings.standstill().as_millis(),
                    "this server's own tasks stand still; it stops its heartbeat, so that others go on with its requests"
                );
            }
            return;
        }
        counter += 1;
        match life.beat(counter) {
            Ok(()) => {
                guard.heartbeat_succeeded(sent, Moment::now());
                failing = false;
            }
            Err(error) if !failing => {
                failing = true;
                tracing::error!(
                    code = "cluster/heartbeat", lock = life.lock(), %error,
                    "the heartbeat cannot be written; this server stops its work unless that ends within the lease"
                );
            }
            Err(_) => {}
        }
    })
}
