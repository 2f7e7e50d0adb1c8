//! Bounds the bytes of all bodies that callers have sent and that are not dealt with yet.

use crate::extract::LARGEST_BODY;
use crate::problem::Refusal;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flow_api::codes;
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most bytes of bodies that a server holds at once. Without it they would be bounded only by what one body, one connection
/// and the number of connections may be, which multiply to terabytes. It is room for 64 of the largest bodies.
const MOST_HELD: usize = 256 << 20;

/// Room for the bodies of a server: each permit is one for a byte.
pub fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MOST_HELD))
}

/// The layer that bounds them. A body takes room as it is read: one that comes slowly, or that no endpoint reads, keeps nobody
/// out by what it only announces. The room is given back when the head of the answer is ready, or the caller has gone. To the
/// endpoint a body that does not fit looks broken; what it says to that is replaced by the true reason.
pub async fn bound(State(room): State<Arc<Semaphore>>, call: Request, next: Next) -> Response {
    if call.body().is_end_stream() {
        return next.run(call).await;
    }
    let held = Arc::new(Mutex::new(Held::default()));
    let counted = |body| Body::new(Counted { body, is_begun: false, room, held: Arc::clone(&held) });
    let response = next.run(call.map(counted)).await;
    let held = std::mem::take(&mut *held.lock());
    if held.was_refused {
        let detail = "this server holds as many bytes of bodies as it may: try again later, or ask another server";
        return Refusal::new(codes::SERVER_BUSY, detail).into_response();
    }
    response
}

/// What one call's body has of the room.
#[derive(Default)]
struct Held {
    bytes: Option<OwnedSemaphorePermit>,
    was_refused: bool,
}

/// A body that takes room for what is read of it, and breaks off where there is none.
struct Counted {
    body: Body,
    is_begun: bool,
    room: Arc<Semaphore>,
    held: Arc<Mutex<Held>>,
}

impl Counted {
    /// Whether there is room for all that the body announces. That is not taken yet, but what cannot fit is not begun.
    fn may_fit(&self) -> bool {
        // What is longer is refused for that, by who reads it.
        let announced = self.body.size_hint().lower().min(LARGEST_BODY as u64);
        announced <= self.room.available_permits() as u64
    }

    fn take(&self, bytes: usize) -> bool {
        let Ok(bytes) = u32::try_from(bytes) else { return false };
        let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(bytes) else { return false };
        match &mut self.held.lock().bytes {
            Some(held) => held.merge(more),
            nothing => *nothing = Some(more),
        }
        true
    }

    fn refuse(&self) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.held.lock().was_refused = true;
        Poll::Ready(Some(Err(axum::Error::new("there is no room for the body"))))
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !std::mem::replace(&mut self.is_begun, true) && !self.may_fit() {
            return self.refuse();
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        let bytes = data.map_or(0, Bytes::len);
        if self.take(bytes) { Poll::Ready(frame) } else { self.refuse() }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::{StatusCode, header};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use futures::{StreamExt as _, stream};
    use std::convert::Infallible;
    use std::time::Duration;
    use tower::ServiceExt as _;

    /// Answers what it is sent, in a stream without end, once `gate` is closed.
    fn router(room: &Arc<Semaphore>, gate: &Arc<Semaphore>) -> Router {
        let gate = Arc::clone(gate);
        let echo = move |body: Bytes| async move {
            let _ = gate.acquire().await;
            Body::from_stream(stream::iter([Ok::<_, Infallible>(body)]).chain(stream::pending()))
        };
        Router::new().route("/", get(|| async { "here" }).post(echo)).layer(from_fn_with_state(Arc::clone(room), bound))
    }

    async fn post(router: &Router, body: impl Into<Body>) -> Response {
        let call = axum::http::Request::post("/").body(body.into()).unwrap();
        router.clone().oneshot(call).await.unwrap()
    }

    /// A body that does not say how long it is.
    fn in_parts(parts: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(parts).map(|part| Ok::<_, Infallible>(*part)))
    }

    async fn until_free(room: &Semaphore, bytes: usize) {
        let is_free = async {
            while room.available_permits() != bytes {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), is_free).await.unwrap();
    }

    #[tokio::test]
    async fn a_body_that_does_not_fit_beside_the_others_is_refused_until_they_are_answered() {
        let (room, gate) = (Arc::new(Semaphore::new(10)), Arc::new(Semaphore::new(0)));
        let router = router(&room, &gate);
        let begin = |body: Body| {
            let router = router.clone();
            tokio::spawn(async move { post(&router, body).await })
        };
        let first = begin(in_parts(&["1234", "5678"]));
        until_free(&room, 2).await;
        for body in [Body::from("123"), in_parts(&["12", "3"])] {
            let refused = post(&router, body).await;
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(refused.headers().contains_key(header::RETRY_AFTER));
            assert_eq!(room.available_permits(), 2, "it holds nothing any more");
        }
        let without_body = axum::http::Request::get("/").body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(without_body).await.unwrap().status(), StatusCode::OK);

        let second = begin(Body::from("12"));
        until_free(&room, 0).await;
        second.abort();
        until_free(&room, 2).await;
        gate.close();
        let answer = first.await.unwrap();
        assert_eq!((answer.status(), room.available_permits()), (StatusCode::OK, 10), "streams hold nothing");
        assert_eq!(post(&router, "1234567890").await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_body_that_comes_slowly_holds_only_what_has_come() {
        let (room, gate) = (Arc::new(Semaphore::new(10)), Arc::new(Semaphore::new(0)));
        gate.close();
        let router = router(&room, &gate);
        let slow = Body::from_stream(stream::iter([Ok::<_, Infallible>("12")]).chain(stream::pending()));
        let mut slow = std::pin::pin!(post(&router, slow));
        assert!(futures::poll!(&mut slow).is_pending());
        assert_eq!(room.available_permits(), 8);
        assert_eq!(post(&router, "12345678").await.status(), StatusCode::OK);
    }
}
