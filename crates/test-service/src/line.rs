//! A line to a service of this machine, a database or a bucket say, that can be made to hang: what is sent is neither
//! refused nor answered, as when a network is parted. It can be cut, too, as when the service has ended, and be led to
//! another one.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The line; it is there until the test ends.
pub struct Line {
    /// The port of 127.0.0.1 where it begins.
    pub port: u16,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It leads to this port.
    LeadsTo(u16),
    Hangs,
    Cut,
}

impl Line {
    /// A line to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let line = Self {
            port: listener.local_addr().expect("its port").port(),
            state: Arc::new(watch::Sender::new(State::LeadsTo(port))),
        };
        let state = Arc::clone(&line.state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry_until_cut(near, state.subscribe()));
            }
        });
        line
    }

    /// From now on it leads to this port, whatever it did before. A connection that was made to another one hangs, and
    /// nobody is told.
    pub fn lead_to(&self, port: u16) {
        self.state.send_replace(State::LeadsTo(port));
    }

    /// From now on it hangs.
    pub fn hang(&self) {
        self.state.send_replace(State::Hangs);
    }

    /// From now on every connection ends, those that there are in the middle of what is said.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }
}

async fn carry_until_cut(near: TcpStream, state: watch::Receiver<State>) {
    let mut cut = state.clone();
    tokio::select! {
        () = carry(near, state) => {}
        () = until(&mut cut, State::Cut) => {}
    }
}

async fn carry(near: TcpStream, mut state: watch::Receiver<State>) {
    let leads = state.wait_for(|state| matches!(state, State::LeadsTo(_))).await.map(|state| *state);
    let Ok(State::LeadsTo(port)) = leads else { return };
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let there = pass(near_read, far_write, port, state.clone());
    let back = async {
        pass(far_read, near_write, port, state).await;
        // Give what was sent last a moment, as a network would.
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let there = async {
        there.await;
        // Whoever says no more may still be answered.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = back => {}
        () = there => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    port: u16,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(read) = from.read(&mut bytes).await else { return };
        // What came in while it hangs goes on later, or never.
        until(&mut state, State::LeadsTo(port)).await;
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn until(state: &mut watch::Receiver<State>, wanted: State) {
    let _ = state.wait_for(|state| *state == wanted).await;
}
