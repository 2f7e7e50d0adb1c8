use super::ClientError;
use crate::Event;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::time::Duration;

/// A server sends a sign of life every 10 s; after this long without one it is taken for gone.
const SILENCE: Duration = Duration::from_secs(35);

/// The events of a server, or of one request, as they happen.
pub struct EventStream<E = Event> {
    address: String,
    reply: reqwest::Response,
    buffer: Vec<u8>,
    ready: VecDeque<Received<E>>,
    last_id: Option<String>,
}

/// An event with its id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received<E> {
    pub id: Option<String>,
    pub event: E,
}

impl<E: DeserializeOwned> EventStream<E> {
    pub(super) fn new(address: &str, reply: reqwest::Response) -> Self {
        Self { address: address.to_owned(), reply, buffer: Vec::new(), ready: VecDeque::new(), last_id: None }
    }

    /// The next event.
    ///
    /// # Errors
    /// `client/unreachable` when the stream ended, broke or fell silent.
    pub async fn next(&mut self) -> Result<E, ClientError> {
        self.try_next().await?.ok_or_else(|| self.broken("the event stream ended"))
    }

    /// The next event; none when the stream has come to its end, as that of a request does when the request has ended.
    ///
    /// # Errors
    /// `client/unreachable` when the stream broke or fell silent.
    pub async fn try_next(&mut self) -> Result<Option<E>, ClientError> {
        loop {
            if let Some(received) = self.ready.pop_front() {
                self.last_id = received.id.or(self.last_id.take());
                return Ok(Some(received.event));
            }
            let chunk = tokio::time::timeout(SILENCE, self.reply.chunk())
                .await
                .map_err(|_| self.broken("the event stream fell silent"))?
                .map_err(|error| ClientError::unreachable(&self.address, &error))?;
            let Some(chunk) = chunk else { return Ok(None) };
            self.buffer.extend_from_slice(&chunk);
            self.ready.extend(take_events(&mut self.buffer));
        }
    }

    /// The id of the event that was read last: what to open the stream anew with.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    fn broken(&self, why: &str) -> ClientError {
        ClientError::Unreachable { address: self.address.clone(), why: why.to_owned() }
    }
}

/// Takes the complete events out of the buffer. Signs of life, and events that a newer server may know, are passed over.
pub(super) fn take_events<E: DeserializeOwned>(buffer: &mut Vec<u8>) -> Vec<Received<E>> {
    let mut events = Vec::new();
    while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
        let block: Vec<u8> = buffer.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&block);
        let value = |line: &str, name: &str| {
            let value = line.strip_prefix(name)?.strip_prefix(':')?;
            Some(value.strip_prefix(' ').unwrap_or(value).to_owned())
        };
        let data: Vec<String> = text.lines().filter_map(|line| value(line, "data")).collect();
        let id = text.lines().find_map(|line| value(line, "id"));
        if let Ok(event) = serde_json::from_str(&data.join("\n")) {
            events.push(Received { id, event });
        }
    }
    events
}
