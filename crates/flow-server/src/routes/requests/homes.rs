//! Where a re-execution goes that names no server.

use super::change::fenced;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use flow_api::codes;
use flow_store::{Owner, Request, RequestState, Server, ServerState};

/// The servers to which requests go that are re-executed: this one, save that a request which waits for its retry stays
/// with its own while that lives.
pub(super) struct Homes {
    here: Owner,
    in_maintenance: bool,
    alive: Vec<Server>,
}

impl Homes {
    /// As they are now.
    pub(super) async fn look(app: &App) -> Reply<Self> {
        let here = app.work.owner().ok_or_else(fenced)?;
        let mut alive = app.store.servers().await?;
        alive.retain(|server| server.state != ServerState::Terminated);
        Ok(Self { here, in_maintenance: app.work.in_maintenance(), alive })
    }

    /// That of a request. Refuses where that server takes nothing at this time.
    pub(super) fn of(&self, request: &Request) -> Reply<Owner> {
        let waits = request.state == RequestState::WaitingForRetry;
        let own = self.alive.iter().find(|server| waits && request.owner == Some(server.owner()));
        match own {
            Some(own) if own.state == ServerState::Running => Ok(own.owner()),
            Some(own) => {
                let (id, name) = (request.id, &own.name);
                let detail = format!(
                    "request {id} waits for its retry at {name}, which takes nothing while it is in maintenance or stops: \
                     end its maintenance, or cancel the request first and re-execute it then"
                );
                Err(Refusal::new(codes::SERVER_NOT_RUNNING, detail))
            }
            None if self.in_maintenance => {
                let detail = "this server is in maintenance and takes nothing: name another one with `server`";
                Err(Refusal::new(codes::SERVER_NOT_RUNNING, detail))
            }
            None => Ok(self.here.clone()),
        }
    }
}
