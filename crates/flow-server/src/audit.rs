//! What is written into the audit trail in bulk: the making of requests, of which there may be thousands a second. Who
//! asked for a request is in the request itself, durably, from the start.

use crate::auth::{Caller, entry};
use crate::state::App;
use flow_store::RequestId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// What happens within so long becomes one entry.
const TOGETHER: Duration = Duration::from_secs(1);

/// The requests that were made since the last entry.
#[derive(Default)]
pub struct CreatedRequests {
    pending: Mutex<HashMap<(String, String, IpAddr), Made>>,
}

struct Made {
    count: u64,
    first: RequestId,
    last: RequestId,
}

impl CreatedRequests {
    /// Somebody made requests of a flow.
    pub fn note(&self, caller: &Caller, flow: &str, made: impl Iterator<Item = RequestId>) {
        let mut pending = self.pending.lock();
        for id in made {
            let key = (caller.name().to_owned(), flow.to_owned(), caller.address);
            let entry = pending.entry(key).or_insert(Made { count: 0, first: id, last: id });
            entry.count += 1;
            entry.first = entry.first.min(id);
            entry.last = entry.last.max(id);
        }
    }

    /// Writes entries for as long as the server lives.
    pub async fn write_for_ever(&self, app: &App) {
        loop {
            tokio::time::sleep(TOGETHER).await;
            self.write(app).await;
        }
    }

    /// Writes the entries of what was noted so far.
    pub async fn write(&self, app: &App) {
        let pending = std::mem::take(&mut *self.pending.lock());
        for ((account, flow, address), Made { count, first, last }) in pending {
            let detail = match count {
                1 => first.to_string(),
                _ => format!("{count} requests from {first} to {last}"),
            };
            if let Err(error) = app.store.audit(entry(&account, "requests-created", &flow, &detail, address)).await {
                tracing::warn!(code = error.code(), %error, account, flow, detail, "no entry in the audit trail");
            }
        }
    }
}
