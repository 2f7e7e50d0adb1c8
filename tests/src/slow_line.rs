//! A line to a service, a database or a bucket say, that can be made to hang: what is sent is neither refused nor answered, as
//! when a network is parted. It can be cut, too, as when the service has ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Line {
    pub port: u16,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Carries,
    Hangs,
    Cut,
}

impl Line {
    /// A line to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let line = Self {
            port: listener.local_addr().expect("its port").port(),
            state: Arc::new(watch::Sender::new(State::Carries)),
        };
        let state = Arc::clone(&line.state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry_until_cut(near, SocketAddr::from(([127, 0, 0, 1], port)), state.subscribe()));
            }
        });
        line
    }

    /// From now on it hangs, or no longer.
    pub fn hang(&self, hangs: bool) {
        self.state.send_replace(if hangs { State::Hangs } else { State::Carries });
    }

    /// From now on every connection ends, those that there are in the middle of what is said; or no longer.
    pub fn cut(&self, cut: bool) {
        self.state.send_replace(if cut { State::Cut } else { State::Carries });
    }
}

async fn carry_until_cut(near: TcpStream, to: SocketAddr, state: watch::Receiver<State>) {
    let mut cut = state.clone();
    tokio::select! {
        () = carry(near, to, state) => {}
        () = until(&mut cut, State::Cut) => {}
    }
}

async fn carry(near: TcpStream, to: SocketAddr, mut state: watch::Receiver<State>) {
    until(&mut state, State::Carries).await;
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let there = pass(near_read, far_write, state.clone());
    let back = async {
        pass(far_read, near_write, state).await;
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

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut state: watch::Receiver<State>) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(read) = from.read(&mut bytes).await else { return };
        // What came in while it hangs goes on later, or never.
        until(&mut state, State::Carries).await;
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn until(state: &mut watch::Receiver<State>, wanted: State) {
    let _ = state.wait_for(|state| *state == wanted).await;
}
