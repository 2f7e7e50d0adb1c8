//! Why requests wait that could go on.

use crate::state::App;
use flow_api::Request;
use flow_store::{Limit, Limits, Server, ServerState, StoreError};

/// Tells of each request that waits for its turn why it does: `stored` are the requests as the store has them, `shown` as
/// they are shown. Where nothing waits, nothing is asked of the database.
pub async fn tell(app: &App, stored: &[flow_store::Request], shown: &mut [Request]) -> Result<(), StoreError> {
    let now = app.store.now();
    let waits = |request: &flow_store::Request| match request.state {
        flow_store::RequestState::Queued => true,
        flow_store::RequestState::Waiting | flow_store::RequestState::WaitingForRetry => {
            request.due.is_none_or(|due| due <= now)
        }
        _ => false,
    };
    if !stored.iter().any(waits) {
        return Ok(());
    }
    let is_limited = stored.iter().any(|request| waits(request) && !request.settings.limits.is_empty());
    let limits = if is_limited { app.store.limits().await? } else { Limits::default() };
    let servers = app.store.servers().await?;
    for (request, shown) in stored.iter().zip(shown).filter(|(request, _)| waits(request)) {
        shown.waits_for = Some(reason(request, &limits, &servers));
    }
    Ok(())
}

fn reason(request: &flow_store::Request, limits: &Limits, servers: &[Server]) -> String {
    if let Some(reached) = limits.reached(&request.project, &request.settings.limits) {
        return reached_text(request, reached, limits);
    }
    let owner = request.owner.as_ref().and_then(|owner| servers.iter().find(|server| server.id == owner.server));
    match owner {
        Some(server) if server.maintenance => {
            return format!("its server {} is in maintenance, and no other may go on with it", server.name);
        }
        Some(server) if server.state != ServerState::Running => {
            return format!("its server {} does not run, and no other may go on with it", server.name);
        }
        Some(server) => return format!("the server {} has as many as it runs at once", server.name),
        None => {}
    }
    if servers.iter().any(|server| server.state == ServerState::Running) {
        return "all servers have as many as they run at once".to_owned();
    }
    match servers.iter().any(|server| server.maintenance) {
        true => "every server is in maintenance or stopped".to_owned(),
        false => "no server runs".to_owned(),
    }
}

fn reached_text(request: &flow_store::Request, reached: &Limit, limits: &Limits) -> String {
    let (running, most) = (limits.running(&request.project, &reached.of), limits.most(&request.project, reached));
    format!("limit of {} reached: {running} of {most} running", reached.of)
}
