//! How much of a node goes into hashes of passwords that were imported, which others have chosen
//! the costs of: half of the cores at most, so that sign-ins by verifiers go on beside them, and a
//! bounded sum of memory. Addresses take turns here too.

use std::sync::Arc;

use cognate_crypto::password_hash::MOST_MEMORY;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fair_turns::{FairTurns, Place, Turn};
use super::origin::Counted;

/// The most memory that all hashes take that are computed at one time, in bytes.
const MEMORY: usize = 2 * MOST_MEMORY;
/// Memory is counted in these.
const UNIT: usize = 1 << 20;

/// A node's room for hashes.
pub(crate) struct Hashing {
    turns: FairTurns<Counted>,
    memory: Arc<Semaphore>,
}

/// Room for one; it is free again when this is dropped.
pub(crate) struct Room {
    _place: Place<Counted>,
    _memory: OwnedSemaphorePermit,
}

impl Hashing {
    pub(crate) fn new(cores: usize) -> Self {
        Self {
            turns: FairTurns::new((cores / 2).max(1)),
            memory: Arc::new(Semaphore::new(MEMORY / UNIT)),
        }
    }

    /// Waits for a turn, and then for the memory. Who waits holds no thread.
    ///
    /// # Errors
    /// Never: the semaphore is not closed.
    pub(crate) async fn enter(
        &self,
        counted: Option<Counted>,
        memory: usize,
    ) -> crate::Result<Room> {
        let place = self.turns.enter(counted.map_or(Turn::Own, Turn::Of)).await;
        let units = memory.min(MEMORY).div_ceil(UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let memory = Arc::clone(&self.memory).acquire_many_owned(units).await?;
        Ok(Room {
            _place: place,
            _memory: memory,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hashes_take_half_of_the_cores_and_no_more_memory_than_there_is() {
        let waits = async |hashing: &Hashing, memory| {
            let room = tokio::time::timeout(Duration::from_secs(9), hashing.enter(None, memory));
            room.await.is_err()
        };
        let hashing = Hashing::new(8);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(hashing.enter(None, 0).await.unwrap());
        }
        assert!(waits(&hashing, 0).await, "a fifth of four");
        held.clear();
        for _ in 0..2 {
            held.push(hashing.enter(None, MOST_MEMORY).await.unwrap());
        }
        assert!(waits(&hashing, 1).await, "more memory than there is");
        assert!(!waits(&hashing, 0).await);
        held.pop();
        assert!(!waits(&hashing, MOST_MEMORY).await);
        let small = Hashing::new(1);
        assert!(
            !waits(&small, usize::MAX).await,
            "whoever asks for all gets all"
        );
    }
}
