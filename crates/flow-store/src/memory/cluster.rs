//! The cluster as a whole in memory.

use super::MemoryStore;
use crate::{ClusterStore, ServerId, StoreError};
use async_trait::async_trait;

#[async_trait]
impl ClusterStore for MemoryStore {
    async fn cluster_id(&self) -> Result<String, StoreError> {
        Ok(self.cluster_id.clone())
    }

    async fn storage_id(&self) -> Result<Option<String>, StoreError> {
        self.read(|state| Ok(state.storage_id.clone()))
    }

    async fn note_storage(&self, id: &str) -> Result<String, StoreError> {
        self.change(|state, _| Ok(state.storage_id.get_or_insert_with(|| id.to_owned()).clone()))
    }

    async fn note_marker(&self, server: &ServerId, word: &str) -> Result<(), StoreError> {
        self.change(|state, _| {
            state.storage_markers.insert(server.clone(), word.to_owned());
            Ok(())
        })
    }

    async fn noted_marker(&self, server: &ServerId) -> Result<Option<String>, StoreError> {
        self.read(|state| Ok(state.storage_markers.get(server).cloned()))
    }

    async fn take_turn(&self, work: &str, holder: &str, ms: u64) -> Result<bool, StoreError> {
        self.change(|state, now| {
            if state.turns.get(work).is_some_and(|(other, until)| other != holder && now < *until) {
                return Ok(false);
            }
            state.turns.insert(work.to_owned(), (holder.to_owned(), now.plus_ms(ms)));
            Ok(true)
        })
    }

    async fn end_turn(&self, work: &str, holder: &str) -> Result<(), StoreError> {
        self.change(|state, _| {
            if state.turns.get(work).is_some_and(|(current, _)| current == holder) {
                state.turns.remove(work);
            }
            Ok(())
        })
    }
}
