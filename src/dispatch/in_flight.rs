//! How many calls of one key run at the same time, over all workers.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::keys::KeyId;

/// Calls under way, by key. A key without calls takes no room.
#[derive(Debug)]
pub(super) struct InFlight {
    limit: usize,
    calls: Mutex<HashMap<Option<KeyId>, usize>>,
}

/// A call under way; dropped when it ends.
#[derive(Debug)]
pub(super) struct Permit {
    calls: Arc<InFlight>,
    key: Option<KeyId>,
}

impl InFlight {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            calls: Mutex::default(),
        }
    }

    /// Room for one more call of this key, if there is any.
    pub(super) fn enter(self: &Arc<Self>, key: Option<KeyId>) -> Option<Permit> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = calls.entry(key).or_default();
        if *under_way >= self.limit {
            return None;
        }
        *under_way += 1;
        let calls = Arc::clone(self);
        Some(Permit { calls, key })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let calls = &self.calls.calls;
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = calls.get_mut(&self.key) {
            *under_way -= 1;
            if *under_way == 0 {
                calls.remove(&self.key);
            }
        }
    }
}
