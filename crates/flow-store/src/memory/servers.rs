//! Servers in memory.

use super::{MemoryStore, ServerRecord};
use crate::{
    Epoch, Figures, NewServer, Owner, Sample, Server, ServerId, ServerReport, ServerState, ServerStore, StoreError,
    Takeover, TakeoverRecord, check_may_take_over, transition,
};
use async_trait::async_trait;

#[async_trait]
impl ServerStore for MemoryStore {
    async fn register(&self, server: NewServer) -> Result<Owner, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            let epoch = Epoch(state.servers.get(&server.id).map_or(0, |known| known.epoch.0) + 1);
            let owner = Owner { server: server.id.clone(), epoch };
            let maintenance = state.servers.get(&server.id).is_some_and(|known| known.maintenance);
            let record = ServerRecord {
                given: server,
                epoch,
                state: ServerState::Running,
                maintenance,
                started: now,
                terminated: None,
                taken_over_by: None,
                report: None,
            };
            state.servers.insert(owner.server.clone(), record);
            let restarted = state.server_ref(&owner);
            state.apply_to_all(|request| transition::recover(request, &restarted, now));
            Ok(owner)
        });
        self.back(done).await
    }

    async fn servers(&self) -> Result<Vec<Server>, StoreError> {
        self.there().await?;
        self.read(|state| {
            let versions = |id: &ServerId| {
                state.server_versions.values().filter(|version| version.server == *id).cloned().collect()
            };
            let mut servers: Vec<Server> = state
                .servers
                .iter()
                .map(|(id, record)| Server {
                    id: id.clone(),
                    name: record.given.name.clone(),
                    state: record.state.during(record.maintenance),
                    maintenance: record.maintenance,
                    address: record.given.address.clone(),
                    epoch: record.epoch,
                    pid: record.given.pid,
                    process_start: record.given.process_start,
                    lock_path: record.given.lock_path.clone(),
                    started: record.started,
                    terminated: record.terminated,
                    taken_over_by: record.taken_over_by.clone(),
                    versions: versions(id),
                    report: record.report.clone(),
                })
                .collect();
            servers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            Ok(servers)
        })
    }

    async fn take_over(&self, survivor: &Owner, dead: &Owner) -> Result<Takeover, StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            check_may_take_over(state.check_alive(survivor)?, survivor)?;
            let alive = state.check_alive(dead).is_ok();
            let (dead_ref, survivor_ref) = (state.server_ref(dead), state.server_ref(survivor));
            let Some(record) = state.servers.get_mut(&dead.server).filter(|_| alive && dead != survivor) else {
                return Ok(Takeover::default());
            };
            record.state = ServerState::Terminated;
            record.terminated = Some(now);
            record.taken_over_by = Some(survivor.server.clone());
            let changed = state.apply_to_all(|request| transition::take_over(request, &dead_ref, &survivor_ref, now));
            let own = changed.into_iter().filter(|request| request.owner.as_ref() == Some(survivor));
            let requests: Vec<_> = own.filter(|request| !request.state.is_ended()).map(|request| request.id).collect();
            state.takeovers.push(TakeoverRecord {
                at: now,
                dead: dead.clone(),
                survivor: survivor.clone(),
                requests: requests.len() as u64,
            });
            Ok(Takeover { requests, first: true })
        });
        self.back(done).await
    }

    async fn set_server_state(&self, owner: &Owner, new: ServerState) -> Result<(), StoreError> {
        self.there().await?;
        let done = self.change(|state, _| {
            state.check_alive(owner)?;
            if new == ServerState::Terminated {
                return Err(StoreError::Conflict("a server ends by its own stop or a takeover".to_owned()));
            }
            if let Some(record) = state.servers.get_mut(&owner.server) {
                record.state = new;
            }
            Ok(())
        });
        self.back(done).await
    }

    async fn report(&self, owner: &Owner, report: ServerReport, figures: Figures) -> Result<(), StoreError> {
        self.change(|state, now| {
            state.check_alive(owner)?;
            if let Some(record) = state.servers.get_mut(&owner.server) {
                record.report = Some(report);
            }
            state.samples.push(Sample { owner: owner.clone(), at: now, figures });
            Ok(())
        })
    }

    async fn rename_server(&self, id: &ServerId, name: &str) -> Result<(), StoreError> {
        self.change(|state, _| {
            let missing = || StoreError::NotFound { what: "server", name: id.to_string() };
            state.servers.get_mut(id).ok_or_else(missing)?.given.name = name.to_owned();
            Ok(())
        })
    }

    async fn set_maintenance(&self, id: &ServerId, on: bool) -> Result<(), StoreError> {
        self.change(|state, _| {
            let missing = || StoreError::NotFound { what: "server", name: id.to_string() };
            state.servers.get_mut(id).ok_or_else(missing)?.maintenance = on;
            Ok(())
        })
    }

    async fn hand_over(&self, owner: &Owner) -> Result<(), StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            state.check_alive(owner)?;
            let leaving = state.server_ref(owner);
            state.apply_to_all(|request| transition::hand_over(request, &leaving, now));
            Ok(())
        });
        self.back(done).await
    }

    async fn terminate(&self, owner: &Owner) -> Result<(), StoreError> {
        self.there().await?;
        let done = self.change(|state, now| {
            state.check_alive(owner)?;
            let leaving = state.server_ref(owner);
            if let Some(record) = state.servers.get_mut(&owner.server) {
                record.state = ServerState::Terminated;
                record.terminated = Some(now);
            }
            state.apply_to_all(|request| transition::leave(request, &leaving, now));
            Ok(())
        });
        self.back(done).await
    }

    fn write_lock_holder(&self) -> Option<i32> {
        self.faults.write_lock_holder()
    }
}
