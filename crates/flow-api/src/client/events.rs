use super::ClientError;
use crate::Event;
use std::collections::VecDeque;
use std::time::Duration;

/// A server sends a sign of life every 10 s; after this long without one it is taken for gone.
const SILENCE: Duration = Duration::from_secs(35);

/// The events of a server, as they happen.
pub struct EventStream {
    address: String,
    reply: reqwest::Response,
    buffer: Vec<u8>,
    ready: VecDeque<Event>,
}

impl EventStream {
    pub(super) fn new(address: &str, reply: reqwest::Response) -> Self {
        Self { address: address.to_owned(), reply, buffer: Vec::new(), ready: VecDeque::new() }
    }

    /// The next event.
    ///
    /// # Errors
    /// `client/unreachable` when the stream ended, broke or fell silent.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let chunk = tokio::time::timeout(SILENCE, self.reply.chunk())
                .await
                .map_err(|_| self.ended("the event stream fell silent"))?
                .map_err(|error| ClientError::unreachable(&self.address, &error))?
                .ok_or_else(|| self.ended("the event stream ended"))?;
            self.buffer.extend_from_slice(&chunk);
            self.ready.extend(take_events(&mut self.buffer));
        }
    }

    fn ended(&self, why: &str) -> ClientError {
        ClientError::Unreachable { address: self.address.clone(), why: why.to_owned() }
    }
}

/// Takes the complete events out of the buffer. Signs of life, and events that a newer server may know, are passed over.
pub(super) fn take_events(buffer: &mut Vec<u8>) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
        let block: Vec<u8> = buffer.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&block);
        let data: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.strip_prefix(' ').unwrap_or(data))
            .collect();
        if let Ok(event) = serde_json::from_str(&data.join("\n")) {
            events.push(event);
        }
    }
    events
}
