//! An HTTP service that answers only when it is told to, so that requests are under way when their owner is killed.

use crate::outcome::Failure;
use axum::Router;
use axum::routing::post;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

/// The service; it ends with the process.
pub struct SlowService {
    address: SocketAddr,
    waiting: Arc<AtomicUsize>,
    called: Arc<AtomicUsize>,
    answers: watch::Sender<bool>,
}

/// How nice the service's thread is: it stands for other machines, and what it has to do when thousands of calls break off
/// at once must not take the time of the servers that are measured.
const BESIDE: i32 = 10;

/// Counts a call for as long as it waits, also when its caller goes away.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl SlowService {
    /// Starts it on a free port.
    pub fn start() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new("bench/service", error.to_string());
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (answers, waiting) = (watch::Sender::new(false), Arc::new(AtomicUsize::new(0)));
        let called = Arc::<AtomicUsize>::default();
        let (said, count, calls) = (answers.subscribe(), Arc::clone(&waiting), Arc::clone(&called));
        let answer = move || {
            let (mut said, count) = (said.clone(), Arc::clone(&count));
            calls.fetch_add(1, Ordering::SeqCst);
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                let _waiting = Waiting(count);
                // An error only means that the service is ending.
                let _ = said.wait_for(|answers| *answers).await;
                "ok"
            }
        };
        let router = Router::new().route("/", post(answer));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let serve = move || {
            // Where this fails, the figures are a little worse than they need be.
            let _ = rustix::process::setpriority_process(None, BESIDE);
            runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener)?, router).await })
        };
        std::thread::Builder::new().name("slow-service".to_owned()).spawn(serve).map_err(failed)?;
        Ok(Self { address, waiting, called, answers })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many calls have ever come in.
    pub fn called(&self) -> usize {
        self.called.load(Ordering::SeqCst)
    }

    /// How many calls wait for an answer.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// From now on calls wait.
    pub fn slow(&self) {
        self.answers.send_replace(false);
    }

    /// Answers every call that waits, and from now on all at once.
    pub fn quick(&self) {
        self.answers.send_replace(true);
    }
}
